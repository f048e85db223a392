/** Little memory and cameras that send more than can be looked at: frames are dropped and counted, the process goes on, and it does not grow. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import t from 'tap';
import type { BoxHealth, StaffMember } from '../../appliance/contract/index.js';
import { PorticoClient } from '../../demo/client.js';
import { OWNER_PIN, temporaryDirectory } from '../support/box.js';

const START = fileURLToPath(new URL('../../appliance/start.js', import.meta.url));
const CAMERAS = 12;
const FLOOD_MS = process.env['TEST_FULL'] === undefined ? 4_000 : 20_000;
/** At least so many frames are looked at, however busy the machine is. */
const LOOKED_AT = 4;
/** Of JavaScript's own heap; a frame lies outside it. What the box needs when nothing happens is some 60 MiB. */
const HEAP_MIB = 160;
/** Each camera may have two frames of 4 MB at the box and one more on its socket; twice that, for what the system has not taken back yet. */
const GROWTH_MIB = CAMERAS * 3 * 4 * 2;

t.test(`${CAMERAS} cameras with pictures of megabytes, into a heap of ${HEAP_MIB} MiB`, { timeout: 120_000 }, async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const child = spawn(process.execPath, [`--max-old-space-size=${HEAP_MIB}`, START], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], PORTICO_DATA_DIR: dataDirectory, PORTICO_HOST: '127.0.0.1', PORTICO_PORT: '0', PORTICO_TRUST_PORT: '0', PORTICO_VISION_WORKERS: '1', PORTICO_LOG_LEVEL: 'error' },
  });
  t.teardown(() => child.kill('SIGKILL'));
  const address = await new Promise<{ url: string; code: string }>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the box ended with ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = /(https:\/\/\S+)\/pair#(\S+)/.exec(line);
      if (found !== null) resolve({ url: found[1]!, code: found[2]! });
    });
  });
  const owner = new PorticoClient(address.url, readFileSync(join(dataDirectory, 'tls', 'root.crt'), 'utf8'));
  t.teardown(() => owner.close());
  await owner.pair(address.code, 'iPad 1');
  const { id } = await owner.makeOwner('店长', OWNER_PIN) as StaffMember;
  await owner.signIn(id, OWNER_PIN);
  const residentMib = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1]) / 1_024;

  // Noise: a JPEG of some megabytes in which nobody is.
  const pixels = Buffer.from(Array.from({ length: 1_600 * 1_200 * 3 }, (_, at) => (at * 2_654_435_761 >>> 13) & 255));
  const frame = await sharp(pixels, { raw: { width: 1_600, height: 1_200, channels: 3 } }).jpeg({ quality: 88 }).toBuffer();
  t.ok(frame.length > 1_000_000, `${frame.length} bytes`);
  const cameras = await Promise.all(Array.from({ length: CAMERAS }, () => owner.camera('look_up').opened()));
  let answers = 0;
  let dropped = 0;
  for (const camera of cameras) {
    camera.socket.on('message', (data: Buffer) => {
      const { type } = JSON.parse(data.toString()) as { type: string };
      if (type === 'camera.dropped') dropped += 1;
      else if (type === 'camera.result') answers += 1;
      if (type !== 'error' && camera.socket.readyState === camera.socket.OPEN && camera.socket.bufferedAmount === 0) camera.socket.send(frame);
    });
    // Two under way and one too many: what is dropped is the older.
    for (let n = 0; n < 3; n += 1) camera.socket.send(frame);
  }
  const flood = async (frames: number) => {
    await new Promise((resolve) => { setTimeout(resolve, FLOOD_MS / 2); });
    while (answers < frames && child.exitCode === null) await new Promise((resolve) => { setTimeout(resolve, 100); });
  };
  await flood(LOOKED_AT / 2);
  const middle = residentMib();
  await flood(LOOKED_AT);
  const end = residentMib();
  t.equal(child.exitCode, null, 'it lives');
  t.ok(answers >= LOOKED_AT, `${answers} looked at`);
  t.ok(dropped > 0, `${dropped} told to be dropped`);
  const told = dropped; // more are told while the box is asked
  const { framesDropped } = await owner.call<BoxHealth>('GET', '/health');
  t.ok(framesDropped >= told, `${framesDropped} counted, ${told} told`);
  t.ok(end - middle < GROWTH_MIB, `${Math.round(middle)} MiB in the middle, ${Math.round(end)} MiB at the end`);
  t.comment(`${CAMERAS} cameras, frames of ${(frame.length / 1e6).toFixed(1)} MB: ${answers} looked at, ${framesDropped} dropped, ${Math.round(end)} MiB`);
  for (const camera of cameras) camera.close();
});
