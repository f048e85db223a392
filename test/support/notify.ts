/** A receiver of what a service tells systemd, on a real datagram socket of the file system. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Test } from 'tap';
import { temporaryDirectory } from './scratch.js';

/** Null: both tools are there; else why a test has to be left out. */
export const noReceiver: string | false = ['systemd-notify', 'systemd-socket-activate'].every((tool) => spawnSync(tool, ['--version']).status === 0)
  ? false : 'needs systemd-notify and systemd-socket-activate';

/** Node has no such sockets, but it reads one that it is handed: a read is one datagram, and what came along with it is closed. */
const READER = `const fs = require('node:fs');
for (const bytes = Buffer.alloc(4096);;) {
  try { fs.appendFileSync(process.argv[2], bytes.toString('utf8', 0, fs.readSync(3, bytes)) + '\\n\\n'); }
  catch (error) { if (error.code !== 'EAGAIN') throw error; Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20); }
}`;

/** @returns the socket's path, and all words told so far */
export async function receive(t: Test): Promise<{ socket: string; told(): string[] }> {
  const folder = temporaryDirectory(t);
  const [socket, out, reader] = [join(folder, 'notify'), join(folder, 'told'), join(folder, 'reader.cjs')];
  writeFileSync(reader, READER);
  const receiver = spawn('systemd-socket-activate', ['--datagram', `--listen=${socket}`, process.execPath, reader, out], { stdio: 'ignore' });
  t.teardown(() => receiver.kill('SIGKILL'));
  for (let tries = 0; tries < 100 && !existsSync(socket); tries++) await setTimeout(20);
  return { socket, told: () => (existsSync(out) ? readFileSync(out, 'utf8').split(/\n+/).filter((word) => word !== '') : []) };
}
