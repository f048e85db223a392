/** OpenSSH's own server on the loopback, as this test's process: real keys, real SFTP, a folder of its own. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { findFreePort } from '../../demo/freePort.js';
import type { TargetSettings } from '../../appliance/backup/target.js';
import { temporaryDirectory } from '../support/scratch.js';

const SSHD = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/opt/homebrew/sbin/sshd'].find((path) => existsSync(path));
const SFTP_SERVER = ['/usr/lib/openssh/sftp-server', '/usr/libexec/openssh/sftp-server', '/usr/libexec/sftp-server'].find((path) => existsSync(path));

/** Why there is none; null: there is. */
export const whyNoServer = (): string | null => (SSHD === undefined || SFTP_SERVER === undefined ? 'no OpenSSH server here (package openssh-server)' : null);

export interface SshServer {
  /** What the box is told. */
  settings: Extract<TargetSettings, { kind: 'sftp' }>;
  /** Of its keys, as ssh-keygen prints them. */
  fingerprints: Record<'ed25519' | 'rsa', string>;
  folder: string;
  /** What its SFTP server says that it was asked for. */
  asked(): string;
  process: ChildProcess;
  /** Everything that comes over its port from now on passes here first. */
  stop(): void;
}

/** @param dataDirectory gets the private key that signs in @param through a port to be told instead of its own */
export async function startSshServer(t: Test, dataDirectory: string): Promise<SshServer> {
  const home = temporaryDirectory(t);
  const folder = join(home, 'backups');
  mkdirSync(folder);
  const keygen = (type: string, file: string) => execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', join(home, file)]);
  keygen('ed25519', 'host-ed25519');
  keygen('rsa', 'host-rsa');
  rmSync(join(dataDirectory, 'sftp-key'), { force: true });
  keygen('ed25519', 'client');
  writeFileSync(join(dataDirectory, 'sftp-key'), readFileSync(join(home, 'client')));
  chmodSync(join(dataDirectory, 'sftp-key'), 0o644); // as a careless hand leaves it
  writeFileSync(join(home, 'authorized_keys'), readFileSync(join(home, 'client.pub')), { mode: 0o600 });
  const port = await findFreePort(0);
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 }); // where it separates privileges
  writeFileSync(join(home, 'sshd_config'), [
    `Port ${port}`, 'ListenAddress 127.0.0.1', `HostKey ${join(home, 'host-ed25519')}`, `HostKey ${join(home, 'host-rsa')}`, `PidFile ${join(home, 'pid')}`,
    `AuthorizedKeysFile ${join(home, 'authorized_keys')}`, 'PasswordAuthentication no', 'KbdInteractiveAuthentication no', 'UsePAM no', 'StrictModes no', 'PermitRootLogin yes',
    `Subsystem sftp ${SFTP_SERVER} -e -l VERBOSE 2>>${join(home, 'sftp.log')}`, '',
  ].join('\n'));
  const process = spawn(SSHD!, ['-D', '-e', '-f', join(home, 'sshd_config')], { stdio: ['ignore', 'ignore', 'pipe'] });
  const stop = () => { process.kill('SIGKILL'); };
  t.teardown(stop);
  await new Promise<void>((resolve, reject) => {
    let said = '';
    process.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('Server listening')) resolve();
    });
    process.once('exit', () => reject(new Error(`sshd ended: ${said}`)));
  });
  const print = (file: string) => /SHA256:\S+/.exec(execFileSync('ssh-keygen', ['-l', '-f', join(home, file)]).toString())![0];
  const fingerprints = { ed25519: print('host-ed25519.pub'), rsa: print('host-rsa.pub') };
  return { settings: { kind: 'sftp', user: userInfo().username, host: '127.0.0.1', port, folder, hostKey: fingerprints.ed25519 }, fingerprints, folder, process, stop, asked: () => readFileSync(join(home, 'sftp.log'), 'utf8') };
}

/** A wire in between: what passes is told, and it can be cut. @returns its port, and what went towards the server and back */
export async function tapWire(t: Test, port: number): Promise<{ port: number; bytes(): Buffer; cutAfter(count: number): void }> {
  const { connect } = await import('node:net');
  const passed: Buffer[] = [];
  let [left, count] = [Infinity, 0];
  const server = createServer((socket) => {
    const onward = connect(port, '127.0.0.1');
    const pass = (from: typeof socket, to: typeof socket) => from.on('data', (chunk: Buffer) => {
      passed.push(chunk);
      count += chunk.length;
      if (count > left) {
        socket.destroy();
        onward.destroy();
      } else {
        to.write(chunk);
      }
    }).on('error', () => to.destroy()).on('close', () => to.destroy());
    pass(socket, onward);
    pass(onward, socket);
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  t.teardown(() => { server.close(); });
  return { port: (server.address() as { port: number }).port, bytes: () => Buffer.concat(passed), cutAfter: (more) => { [left, count] = [more, 0]; } };
}
