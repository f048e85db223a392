/** The lock on a data folder, and what the folder's owner may have put in its place. */
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { asOwnerOf, lockDataDirectory } from '../../appliance/storage/index.js';
import { temporaryDirectory } from '../support/scratch.js';

const lockOf = (folder: string) => join(folder, 'portico.lock');

t.test('garbage, a link, a pipe or a folder in its place locks nothing and is cleared away', async (t) => {
  const plant: Record<string, (file: string, folder: string) => void> = {
    garbage: (file) => writeFileSync(file, Buffer.alloc(4096, 7)),
    link: (file, folder) => symlinkSync(join(folder, 'elsewhere'), file),
    pipe: (file) => { spawnSync('mkfifo', [file]); },
    folder: (file) => mkdirSync(join(file, 'in it'), { recursive: true }),
  };
  for (const [what, put] of Object.entries(plant)) {
    const folder = temporaryDirectory(t);
    put(lockOf(folder), folder);
    const lock = lockDataDirectory(lockOf(folder));
    t.ok(lstatSync(lockOf(folder)).isFile(), what);
    t.notOk(existsSync(join(folder, 'elsewhere')), 'no link was followed');
    t.throws(() => lockDataDirectory(lockOf(folder)), { code: 'db_in_use' });
    writeFileSync(lockOf(folder), 'written over while it is held');
    t.throws(() => lockDataDirectory(lockOf(folder)), { code: 'db_in_use' }, 'what is in it decides nothing');
    lock.release();
    lockDataDirectory(lockOf(folder)).release();
  }
});

t.test('in somebody else\'s folder root has their rights and no more, for as long as it takes', { skip: process.getuid?.() === 0 ? false : 'only root has more' }, async (t) => {
  const base = temporaryDirectory(t);
  chmodSync(base, 0o755);
  const [folder, secret] = [join(base, 'data'), join(base, 'secret')];
  mkdirSync(folder, { mode: 0o700 });
  chownSync(folder, 12_345, 12_346);
  writeFileSync(secret, '', { mode: 0o600 });
  lockDataDirectory(lockOf(folder)).release();
  t.match(lstatSync(lockOf(folder)), { uid: 12_345, gid: 12_346 }, 'the box has to be able to take it');
  t.throws(() => asOwnerOf(folder, () => writeFileSync(secret, 'x')), { code: 'EACCES' });
  t.strictSame([process.geteuid!(), process.getegid!()], [0, 0], 'also after a failure');
  writeFileSync(secret, 'x');
  chmodSync(lockOf(folder), 0);
  t.throws(() => lockDataDirectory(lockOf(folder)), { code: 'data_directory_unusable' });
});
