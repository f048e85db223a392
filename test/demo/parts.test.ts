import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import type { LiveEvent, VisitCard } from '../../appliance/contract/index.js';
import { LIGHTS } from '../../demo/cameraPath.js';
import { makeFreshDataFolder, releaseDataFolder } from '../../demo/dataFolder.js';
import { findFreePort } from '../../demo/freePort.js';
import { illuminate } from '../../demo/lens.js';
import { ENROLLED_NAMES, FOUND_BY_WORDS, namesToday } from '../../demo/people.js';
import { eventLine, invitationLines, type Names } from '../../demo/wording.js';
import { temporaryDirectory } from '../support/scratch.js';

t.test('data folder', async (t) => {
  t.test('refuses a folder that is not its own, and leaves it as it is', async (t) => {
    const folder = join(temporaryDirectory(t), 'shop');
    mkdirSync(folder);
    writeFileSync(join(folder, 'portico.db'), 'precious');
    t.throws(() => makeFreshDataFolder(folder), /not made by the demo/);
    t.strictSame(readdirSync(folder), ['portico.db']);
    const link = join(temporaryDirectory(t), 'link');
    symlinkSync(folder, link);
    t.throws(() => makeFreshDataFolder(link), /not a folder/);
    t.strictSame(readdirSync(folder), ['portico.db']);
  });

  t.test('refuses a folder on which another demo runs', async (t) => {
    const folder = join(temporaryDirectory(t), 'demo');
    makeFreshDataFolder(folder);
    writeFileSync(join(folder, 'portico-demo'), String(process.ppid));
    t.throws(() => makeFreshDataFolder(folder), /Another demo/);
  });

  t.test('empties its own', async (t) => {
    const folder = join(temporaryDirectory(t), 'demo');
    makeFreshDataFolder(folder);
    writeFileSync(join(folder, 'portico.db'), 'of yesterday');
    releaseDataFolder(folder);
    makeFreshDataFolder(folder);
    t.notOk(existsSync(join(folder, 'portico.db')));
  });
});

t.test('passes over a busy port', async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => { server.listen(0, '0.0.0.0', resolve); });
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const free = await findFreePort(port);
  t.ok(free > port && free <= port + 50);
  t.ok((await findFreePort(0)) > 0);
});

t.test('a photo in another light is the same on every run, and of the same size', async (t) => {
  const grey = { data: new Uint8Array(64 * 48 * 3).fill(120), width: 64, height: 48 };
  for (const light of LIGHTS) {
    const lit = await illuminate(grey, light);
    t.equal(lit.data.length, grey.data.length);
    t.strictSame(lit, await illuminate(grey, light));
    const mean = (channel: number) => lit.data.reduce((sum, value, i) => sum + (i % 3 === channel ? value : 0), 0) / (64 * 48);
    t.equal(Math.sign(mean(0) - mean(2)), Math.sign(light.warmth), `${light.name}: red against blue`);
  }
});

t.test('one line for each recognition event, none for others', async (t) => {
  const names: Names = new Map();
  const event = (type: LiveEvent['type'], data: unknown) => ({ v: 1, epoch: 'e', revision: 1, at: '2026-03-02T06:20:05.000Z', type, data }) as LiveEvent;
  const visit: Partial<VisitCard> = { visitId: 'v', customerId: 'c', displayName: '白若琳', score: 0.714, arrival: 'recognised' };
  t.match(eventLine(event('visit.opened', { visit }), names), /^\d\d:\d\d:\d\d {2}visit\.opened {8}白若琳 {2}score 0\.71$/);
  t.match(eventLine(event('visit.closed', { visitId: 'v', customerId: 'c', reason: 'left' }), names), /visit\.closed {8}白若琳 {2}left$/);
  t.match(eventLine(event('sighting.candidate', { candidate: { customerId: 'd', displayName: '苏棠', score: 0.33 } }), names), /苏棠 {2}score 0\.33/);
  t.equal(eventLine(event('visit.updated', { visit }), names), null);
});

t.test('the invitation tells the address, the PIN and what to make of the warning', async (t) => {
  const code = { code: 'AAAA-BBBB', url: 'https://localhost:8443/pair#AAAA-BBBB', expiresAt: '2026-03-02T06:30:00.000Z' };
  const first = invitationLines(code, 'first', ['https://192.0.2.7:8443', 'https://localhost:8443']).join('\n');
  for (const part of [code.url, 'https://192.0.2.7:8443/pair#AAAA-BBBB', 'PIN', 'certificate', '/trust']) t.ok(first.includes(part), part);
  const { ready, cameIn, birthday, appointment } = namesToday();
  t.strictSame([ready, cameIn, birthday, appointment], [['白若琳', '程望'], ['顾念慈'], ['苏棠'], ['叶知微', '方晓棠']]);
  for (const name of [...ready, ...cameIn, ...birthday, ...appointment]) t.ok(first.includes(name), `${name} is named`);
  t.notOk(ENROLLED_NAMES.includes(FOUND_BY_WORDS.name), 'who is to be searched for has no face');
  for (const occasion of ['used', 'expired'] as const) t.ok(invitationLines(code, occasion, ['https://localhost:8443']).join().includes(`https://localhost:8443/pair#${code.code}`));
});
