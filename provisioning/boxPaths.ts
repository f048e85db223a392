/** Where everything lies on a box. */
import { join } from 'node:path';

/** @param root put before every path: a test's folder, or the root of an image that is being made. The box itself: / */
export function boxPaths(root: string) {
  const at = (path: string) => join(root, path);
  const box = at('/var/lib/portico-box');
  return {
    root,
    at,
    settings: '/etc/portico/portico.yaml',
    organisation: at('/etc/portico/organisation.json'),
    supportGrant: at('/etc/portico/support.json'),
    /** For sshd's AuthorizedKeysFile: root's, not there while support is closed. */
    supportKeys: at('/etc/portico/support_keys'),
    box,
    key: join(box, 'box.key'),
    staging: join(box, 'staging'),
    generations: join(box, 'generations'),
    journal: join(box, 'journal.json'),
    /** A wipe that is not done. */
    wipeRequest: join(box, 'wipe-request.json'),
    /** Results for the stick, kept until they are on it. */
    outbox: join(box, 'outbox'),
    boxJson: join(box, 'public/box.json'),
    stickJson: join(box, 'public/stick.json'),
    /** Readable for the service, written by root. */
    models: '/var/lib/portico-models',
    data: at('/var/lib/portico'),
    dataKey: at('/var/lib/portico/db-key'),
    database: at('/var/lib/portico/portico.db'),
    rootCertificate: at('/var/lib/portico/tls/root.crt'),
    databaseCredential: at('/etc/credstore.encrypted/portico-db-key'),
    hostSecret: at('/var/lib/systemd/credential.secret'),
    lock: at('/run/portico/provision.lock'),
  } as const;
}

export type BoxPaths = ReturnType<typeof boxPaths>;

/** Modes of what is made on the way to a file. Root's own folder is nobody else's business, but `public` in it is for all. */
export const FOLDER_MODES: readonly (readonly [RegExp, number])[] = [
  // The x lets others reach public/ by its name, and see nothing on the way.
  [/\/var\/lib\/portico-box$/, 0o711],
  [/\/var\/lib\/portico-box\/public$/, 0o755],
  [/\/var\/lib\/portico-box\//, 0o700],
  [/\/etc\/credstore\.encrypted$/, 0o700],
];
