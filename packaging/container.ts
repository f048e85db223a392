/** The image as a container: it has to become well, stay well over a restart, keep all that lasts in its volumes, and end when asked. */
import { execFileSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { execInContainer, firstProcess, idsOf, portsOf, startContainer, type Setting } from './chroot.js';
import type { Stage } from './dockerfile.js';

const START_MS = 120_000;
/** Once the program says that it runs, its health check has no more reason to fail. */
const HEALTHY_MS = 12_000;
/** Docker waits 10 s and then kills; what a box has to write at its end fits into that. */
const STOP_MS = 10_000;
/** As the Dockerfile has it for the health check, and for a command of `docker exec`. */
const EXEC_MS = 10_000;
const OUTPUT_MAX = 20_000;
/** Of the machine that the container is on, as `docker run -e PORTICO_HOST_NAMES=` tells it: from documentation's own network (RFC 5737). */
const ADDRESS = '192.0.2.20';

interface Running { container: ChildProcess; output: () => string; ended: Promise<number | null> }

/** @param folder where the volumes are put. @throws Error with the first thing that is not as it should be */
export async function tryOut(stage: Stage, built: Setting, folder: string, say: (line: string) => void): Promise<void> {
  const image: Setting = { ...built, env: new Map([...built.env, ['PORTICO_HOST_NAMES', ADDRESS]]) };
  if (stage.cmd.length === 0) throw new Error('no CMD');
  if (stage.healthcheck.length === 0) throw new Error('no HEALTHCHECK');
  if (idsOf(image.directory, image.user).uid === 0) throw new Error('USER: it runs as root');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const volumes = new Map(stage.volumes.map((path, i) => [path, join(folder, String(i))]));
  for (const [inside, outside] of volumes) {
    if (!existsSync(join(image.directory, inside))) throw new Error(`VOLUME ${inside}: not in the image, so Docker would make it root's`);
    execFileSync('cp', ['--archive', '--no-target-directory', join(image.directory, inside), outside]); // as a new volume: owner and mode are those of the folder in the image
  }
  say(`CMD ${stage.cmd.join(' ')}, as ${image.user}, root file system read-only`);
  const first = await once(stage, image, volumes, async ({ container, output }) => {
    say('healthy');
    for (const port of stage.ports) if (!portsOf(container).has(port)) throw new Error(`EXPOSE ${port}: nobody listens there`);
    if (!new RegExp(`https://${ADDRESS.replaceAll('.', '\\.')}:8443/pair#\\S+`).test(output())) throw new Error('the owner\'s code, with the address that iPads can reach, is not in the log of the container, where docs/docker.md says it is');
    if (execInContainer(container, image, ['node', 'dist/cli/portico.js', 'audit', 'verify'], EXEC_MS) !== 0) throw new Error('portico audit verify does not work in the container');
    process.kill(firstProcess(container)!, 'SIGSTOP');
    const whileFrozen = execInContainer(container, image, stage.healthcheck, EXEC_MS);
    process.kill(firstProcess(container)!, 'SIGCONT');
    if (whileFrozen === 0) throw new Error('HEALTHCHECK: all is well, it says, of a program that stands still');
  });
  say(`unhealthy while it stood still; stopped by ${stage.stopSignal} with 0`);
  const second = await once(stage, image, volumes, () => Promise.resolve());
  if (fingerprint(first) === '' || fingerprint(first) !== fingerprint(second)) throw new Error('started again with the same volumes it is another box: what lasts is not in them');
  say('started again with the same volumes: the same box');
}

/** Starts, waits for health, does `during`, stops. @returns all that it said */
async function once(stage: Stage, image: Setting, volumes: ReadonlyMap<string, string>, during: (running: Running) => Promise<void>): Promise<string> {
  const container = startContainer(image, stage.cmd, volumes);
  let said = '';
  for (const stream of [container.stdout!, container.stderr!]) stream.on('data', (chunk: Buffer) => { said = (said + chunk.toString('utf8')).slice(-OUTPUT_MAX); });
  const running: Running = { container, output: () => said, ended: new Promise((resolve) => container.once('close', resolve)) };
  try {
    await healthy(stage, image, running);
    await during(running);
    process.kill(firstProcess(container)!, stage.stopSignal);
    const code = await Promise.race([running.ended, wait(STOP_MS).then(() => 'late' as const)]);
    if (code !== 0) throw new Error(`${stage.stopSignal}: ended with ${code}\n${said}`);
    return said;
  } finally {
    // The program itself: with another user's number it no longer ends with who started it.
    const inside = firstProcess(container);
    if (inside !== null) process.kill(inside, 'SIGKILL');
    container.kill('SIGKILL');
    await running.ended;
  }
}

async function healthy(stage: Stage, image: Setting, { container, output }: Running): Promise<void> {
  let deadline = performance.now() + START_MS;
  let isUp = false;
  for (;;) {
    await wait(500);
    if (container.exitCode !== null) throw new Error(`it did not become healthy: ended with ${container.exitCode}\n${output()}`);
    if (!isUp && output().includes('Portico is running.')) {
      isUp = true;
      deadline = Math.min(deadline, performance.now() + HEALTHY_MS);
    }
    if (execInContainer(container, image, stage.healthcheck, EXEC_MS) === 0 && isUp) return;
    if (performance.now() > deadline) throw new Error(`it did not become healthy${isUp ? ', though it runs' : ''}:\n${output()}`);
  }
}

/** Of the box's root, as it is said at the start: bytes in hexadecimal. */
const fingerprint = (output: string): string => (output.match(/^\s+([0-9A-F]{2}[ :]?){8,}$/gm) ?? []).join('');
