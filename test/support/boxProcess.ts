/** The real service in a process of its own, which can be killed. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const START = fileURLToPath(new URL('../../appliance/start.js', import.meta.url));

export interface BoxProcess {
  child: ChildProcess;
  /** It says what to do next: the owner's pairing code, or null where there is an owner. Rejects when the process ends before it runs. */
  running: Promise<{ ownerCode: string | null }>;
  /** How it ended. */
  ended: Promise<NodeJS.Signals | number | null>;
}

/** Starts `appliance/start.js`, as the unit does. @param settings beside where the data lies */
export function spawnBox(dataDirectory: string, settings: Record<string, string>): BoxProcess {
  const child = spawn(process.execPath, [START], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], PORTICO_DATA_DIR: dataDirectory, PORTICO_HOST: '127.0.0.1', PORTICO_TRUST_PORT: '0', PORTICO_VISION_WORKERS: '1', PORTICO_LOG_LEVEL: 'error', ...settings },
  });
  const ended = new Promise<NodeJS.Signals | number | null>((resolve) => { child.once('exit', (code, signal) => resolve(signal ?? code)); });
  const running = new Promise<{ ownerCode: string | null }>((resolve, reject) => {
    void ended.then((how) => reject(new Error(`the box ended with ${how}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const code = /\/pair#(\S+)/.exec(line)?.[1];
      if (code !== undefined) resolve({ ownerCode: code });
      else if (line.startsWith('2. Another iPad')) resolve({ ownerCode: null });
    });
  });
  running.catch(() => undefined); // who only kills it asks for nothing
  return { child, running, ended };
}
