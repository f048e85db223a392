/** The log in files: kept small, redacted, and never in the way. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import t from 'tap';
import { openLog } from '../../appliance/kit/index.js';
import { temporaryDirectory } from '../support/scratch.js';

const sink = () => {
  let text = '';
  return { stream: { write: (line: string) => { text += line; return true; } } as unknown as NodeJS.WritableStream, text: () => text };
};
const filesIn = (directory: string) => readdirSync(directory).filter((name) => name.endsWith('.log'));
const all = (directory: string) => filesIn(directory).map((name) => readFileSync(join(directory, name), 'utf8')).join('');

t.test('what must not be logged is not in the files either', async (t) => {
  const directory = temporaryDirectory(t);
  const { log, close } = await openLog('info', directory, sink().stream);
  log.info({ displayName: '王小明', phone: '13800138000', token: 'secret-token', customerId: 'c1', customer: { salutation: '王总', embedding: [0.25, 0.5] } }, 'a line');
  await close();
  const text = all(directory);
  t.match(text, /"customerId":"c1".*"msg":"a line"/);
  for (const secret of ['王小明', '王总', '13800138000', 'secret-token', '0.25']) t.notOk(text.includes(secret), secret);
  for (const name of filesIn(directory)) t.equal(statSync(join(directory, name)).mode & 0o777, 0o600, name);
});

t.test('a folder that cannot be used leaves standard output, which says so', async (t) => {
  const file = join(temporaryDirectory(t), 'a-file');
  writeFileSync(file, '');
  const out = sink();
  const { log, close } = await openLog('info', join(file, 'log'), out.stream);
  log.info('goes on');
  await close();
  t.match(out.text(), /"reason":"ENOTDIR".*no log files/);
  t.match(out.text(), /goes on/);
});

t.test('a full file is followed by a new one, and only ten stay', async (t) => {
  const directory = temporaryDirectory(t);
  const { log, close } = await openLog('info', directory, sink().stream, '8k');
  const line = 'x'.repeat(1_000);
  for (let i = 0; i < 400; i++) {
    log.info({ i }, line);
    if (i % 8 === 7) await setTimeout(15);
  }
  await close();
  const files = filesIn(directory);
  t.ok(files.length > 5 && files.length <= 10, `${files.length} files`);
  t.match(all(directory), /"i":399/, 'the last line is there');
  t.notMatch(all(directory), /"i":3,/, 'the first ones have gone');
});

t.test('a box that is off each night, so that no file is ever turned, keeps ten days too', async (t) => {
  const directory = join(temporaryDirectory(t), 'log');
  mkdirSync(directory);
  for (let day = 10; day < 30; day++) {
    const file = join(directory, `portico.2026-01-${day}.1.log`);
    writeFileSync(file, '{}\n');
    utimesSync(file, new Date(`2026-01-${day}`), new Date(`2026-01-${day}`));
  }
  writeFileSync(join(directory, 'notes.txt'), 'of somebody else');
  const { close } = await openLog('info', directory, sink().stream);
  await close();
  t.ok(filesIn(directory).length <= 10, filesIn(directory).join());
  t.ok(existsSync(join(directory, 'portico.2026-01-29.1.log')));
  t.notOk(existsSync(join(directory, 'portico.2026-01-10.1.log')));
  t.ok(existsSync(join(directory, 'notes.txt')), 'what is not ours stays');
});

const small = temporaryDirectory(t);
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=0700', 'tmpfs', small]).status === 0;
if (mounted) t.teardown(() => execFileSync('umount', ['-l', small]));

t.test('a disk that is full stops nobody, and lines are written again when there is room', { skip: mounted ? false : 'needs the right to mount a small file system' }, async (t) => {
  const directory = small;
  const out = sink();
  const { log, close } = await openLog('info', directory, out.stream);
  for (let i = 0; i < 200; i++) log.info({ i }, 'x'.repeat(1_000));
  await setTimeout(1_500);
  t.match(out.text(), /"i":199/, 'standard output has all of it');
  const [file] = filesIn(directory);
  t.ok(statSync(join(directory, file!)).size <= 65_536);
  execFileSync('mount', ['-o', 'remount,size=4m', directory]);
  await setTimeout(2_500);
  log.info('there is room');
  await close();
  t.match(all(directory), /there is room/);
});
