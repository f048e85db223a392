/** Where backups go: a folder, or a server by SFTP. */
import type { Bytes } from './sealing.js';

export type TargetSettings =
  | { readonly kind: 'folder'; readonly folder: string; readonly mounted: boolean }
  | { readonly kind: 'sftp'; readonly user: string; readonly host: string; readonly port: number; readonly folder: string; readonly hostKey: string };

/** Files of one folder, by name. All throw PorticoErrors: backup_target_missing, backup_target_full, backup_target_refused, backup_failed. */
export interface Target {
  names(): Promise<string[]>;
  sizeOf(name: string): Promise<number>;
  /** Null: it does not tell. */
  freeBytes(): Promise<number | null>;
  /** A new file, readable by its owner alone, on the disk when this is done. */
  write(name: string, content: Bytes): Promise<void>;
  read(name: string): Bytes;
  /** Over what is there. */
  rename(from: string, to: string): Promise<void>;
  /** Also when it is not there. */
  remove(name: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * @param where the box's own data are: a folder that has to be a mounted disk must not be there; `keyName`: of the file with the private key for SFTP, default sftp-key
 * @throws as above
 */
export async function openTarget(settings: TargetSettings, where: { dataDirectory: string; credentialsDirectory: string | null; keyName?: string }): Promise<Target> {
  // Each is loaded where it is needed: SSH is a good deal of code.
  if (settings.kind === 'folder') return (await import('./folder.js')).openFolder(settings, where.dataDirectory);
  return (await import('./sftp.js')).openSftp(settings, where);
}
