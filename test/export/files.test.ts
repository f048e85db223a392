/** Releases onto a disk, and to a real OpenSSH server: whole or not at all, never over something else. */
import { copyFileSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { TargetSettings } from '../../appliance/backup/index.js';
import { FilesConnector } from '../../appliance/export/connectors/files.js';
import type { Parcel } from '../../appliance/export/connectors/connector.js';
import { openRelease } from '../../appliance/export/index.js';
import { isPorticoError } from '../../appliance/kit/index.js';
import { startSshServer, whyNoServer } from '../backup/sshServer.js';
import { DAY, exportingStore, fillDay, HOUR, keysOf, MONDAY, releaseFile, toFolder } from '../support/exporting.js';
import { sha256, StoreReleases } from '../support/storeReleases.js';
import { temporaryDirectory } from '../support/scratch.js';

const codeOf = (work: Promise<unknown>): Promise<string> => work.then(() => 'delivered', (error: unknown) => (isPorticoError(error) ? error.code : String(error)));
const silent = () => undefined;

function parcel(day = '2026-06-15'): Parcel {
  const { name, archive } = new StoreReleases('SH-01').next(day);
  return { store: 'SH-01', day, fileName: name, archive, sha256: sha256(archive), schemaVersion: 1 };
}
const connectorTo = (t: Test, settings: TargetSettings, dataDirectory = temporaryDirectory(t)) => new FilesConnector({ settings, secrets: { dataDirectory, credentialsDirectory: null } });

t.test('onto a disk: whole under its name, once, never over another', async (t) => {
  const folder = temporaryDirectory(t);
  const connector = connectorTo(t, { kind: 'folder', folder, mounted: false });
  const one = parcel();
  const shares: number[] = [];
  await connector.deliver(one, (share) => { shares.push(share); });
  t.ok(readFileSync(join(folder, one.fileName)).equals(one.archive));
  t.strictSame(shares, [0.2, 0.7]);
  await connector.deliver(one, silent);
  t.strictSame(readdirSync(folder), [one.fileName], 'again: it is there');
  t.equal(await codeOf(connector.deliver(parcel(), silent)), 'export_conflict', 'another box\'s, of the same store and day');
  t.ok(readFileSync(join(folder, one.fileName)).equals(one.archive));

  const two = parcel('2026-06-16');
  writeFileSync(join(folder, `${two.fileName}.part`), 'half');
  await connector.deliver(two, silent);
  t.strictSame(readdirSync(folder).sort(), [one.fileName, two.fileName], 'what a pulled disk left is replaced');

  t.equal(await codeOf(connectorTo(t, { kind: 'folder', folder: join(folder, 'gone'), mounted: false }).deliver(two, silent)), 'export_target_missing');
  const data = temporaryDirectory(t);
  t.equal(await codeOf(connectorTo(t, { kind: 'folder', folder, mounted: true }, data).deliver(two, silent)), 'export_target_missing', 'the data\'s own disk where another was asked for');
});

t.test('the disk is pulled for two days: what was made meanwhile arrives when it is back', async (t) => {
  const { rooms: { db }, clock, folder, exportsWith } = exportingStore(t);
  const exports = exportsWith(toFolder(folder));
  const away = `${folder}-away`;
  renameSync(folder, away);
  t.teardown(() => { rmSync(away, { recursive: true, force: true }); });
  fillDay(db, MONDAY, 150, 's');
  clock.move(19 * HOUR);
  await exports.work();
  t.match(exports.day('2026-06-15').delivery, { state: 'waiting', errorCode: 'export_target_missing' });
  clock.move(DAY);
  await exports.work();
  renameSync(away, folder);
  clock.move(DAY);
  await exports.work();
  t.strictSame(readdirSync(folder).length, 3);
  const made = await openRelease(readFileSync(releaseFile(folder, '2026-06-15')), keysOf(db, clock));
  t.equal(made.sha256, exports.day('2026-06-15').sha256);
});

t.test('to an OpenSSH server: by key, to the one host that is known', { skip: whyNoServer() ?? false }, async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const server = await startSshServer(t, dataDirectory);
  const one = parcel();
  t.equal(await codeOf(connectorTo(t, server.settings, dataDirectory).deliver(one, silent)), 'export_target_refused', 'the key for backups is not the key for releases');
  copyFileSync(join(dataDirectory, 'sftp-key'), join(dataDirectory, 'export-sftp-key'));
  rmSync(join(dataDirectory, 'sftp-key'));
  const connector = connectorTo(t, server.settings, dataDirectory);
  await connector.deliver(one, silent);
  t.ok(readFileSync(join(server.folder, one.fileName)).equals(one.archive));
  await connector.deliver(one, silent);
  t.equal(await codeOf(connector.deliver(parcel(), silent)), 'export_conflict');
  t.strictSame(readdirSync(server.folder), [one.fileName]);
  t.match(server.asked(), /rename|posix-rename/, 'under another name until it is whole');

  t.equal(await codeOf(connectorTo(t, { ...server.settings, hostKey: `SHA256:${'A'.repeat(43)}` }, dataDirectory).deliver(one, silent)), 'export_target_refused', 'another host key');
  t.equal(await codeOf(connectorTo(t, { ...server.settings, folder: join(server.folder, 'gone') }, dataDirectory).deliver(one, silent)), 'export_target_missing');
  server.stop();
  t.equal(await codeOf(connector.deliver(parcel('2026-06-17'), silent)), 'export_target_missing', 'nobody there');
});
