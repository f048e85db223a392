/** Starts test/fuzz/box.ts and talks with it. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { PorticoClient } from '../../demo/client.js';
import { temporaryDirectory } from '../support/scratch.js';

export interface Memory { heapUsed: number; external: number; rss: number; internal: number }
export interface BoxProcess {
  url: string;
  rootPem: string;
  owner: PorticoClient;
  ownerId: string;
  /** After a full collection, bytes; and how many failures of its own the box has logged. */
  memory(): Promise<Memory>;
  /** Null while it runs. */
  ended(): string | null;
  /** The last failures of its own that it logged. */
  complaints(): string;
}

export async function startBoxProcess(t: Test): Promise<BoxProcess> {
  // Without the test runner's loader.
  const command = ['unset NODE_OPTIONS; exec "$0" "$@"', process.execPath, '--expose-gc', fileURLToPath(new URL('./box.js', import.meta.url)), temporaryDirectory(t)];
  const child = spawn('/bin/sh', ['-c', ...command], { stdio: ['pipe', 'pipe', 'pipe'] });
  let ended: string | null = null;
  let complaints = '';
  child.stderr.on('data', (chunk) => { complaints = `${complaints}${String(chunk)}`.slice(-4_000); });
  child.on('exit', (code, signal) => { ended = `${code ?? signal}: ${complaints}`; });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`the box ended: ${ended ?? complaints}`);
    return JSON.parse(value as string) as Record<string, unknown>;
  };
  const { url, rootPem, ownerCode } = await next() as { url: string; rootPem: string; ownerCode: string };
  const owner = new PorticoClient(url, rootPem);
  await owner.pair(ownerCode, 'iPad 1');
  const { id } = await owner.makeOwner('店长', '135790');
  await owner.signIn(id, '135790');
  t.teardown(async () => {
    owner.close();
    if (ended === null) {
      child.stdin.write('stop\n');
      await new Promise((resolve) => { child.once('exit', resolve); });
    }
  });
  return {
    url, rootPem, owner, ownerId: id, ended: () => ended, complaints: () => complaints,
    memory: async () => {
      child.stdin.write('memory\n');
      return await next() as unknown as Memory;
    },
  };
}

/** Printed with the test, so that a failure can be repeated: PORTICO_ is for settings, so this is a plain name. */
export const SEED = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
