/** The real box under new settings: started anew by the stick, asked at its own /readyz, and gone back from when it does not start. */
import { createServer, type Server } from 'node:net';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { System } from '../../provisioning/system.js';
import { becomesWell } from '../../provisioning/wellness.js';
import { askLoopback, freePort } from '../../updates/probe.js';
import { placesBelow } from '../../updates/index.js';
import { childMachine, endWith } from '../support/releases.js';
import { everything, machineThat, newBox, put, settingsText } from '../support/stick.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

t.test('a box that cannot start with new settings has those of before again, and serves', async (t) => {
  const box = await newBox(t);
  const places = placesBelow(box.root);
  mkdirSync(join(places.releases, '1.0.0/bin'), { recursive: true });
  symlinkSync(ROOT, join(places.releases, '1.0.0/app'));
  symlinkSync(process.execPath, join(places.releases, '1.0.0/bin/node'));
  symlinkSync('releases/1.0.0', places.current);
  const port = await freePort();
  mkdirSync(places.data, { recursive: true });
  mkdirSync(places.settings, { recursive: true });
  writeFileSync(join(places.settings, 'local.env'), `PORTICO_HOST=127.0.0.1\nPORTICO_PORT=${port}\nPORTICO_TRUST_PORT=0\nPORTICO_MDNS=false\nPORTICO_ALLOWED_LAN=\nPORTICO_VISION_WORKERS=1\n`);

  const service = endWith(t, childMachine(places));
  const base = machineThat(() => true);
  const startOf = async () => ((await service.isUp()) ? String(service.box()!.pid) : null);
  let taken: Server | null = null;
  let takeIt = false;
  const system: System = {
    ...base, startOf, isWell: (before) => becomesWell(box.paths, 90_000, { isAnother: async () => before === null || (await startOf()) !== before }),
    run: async (command) => {
      if (command[1] !== 'restart' || !command.includes('portico.service')) return base.run(command);
      await service.stop();
      if (taken !== null) await new Promise((resolve) => { taken!.close(resolve); });
      taken = null;
      if (takeIt) { // another program was quicker with the box's port
        takeIt = false;
        taken = createServer().listen(port, '127.0.0.1');
      }
      return service.start().then(() => true, () => false);
    },
  };
  put(box.stick, settingsText(1));
  t.match(await box.apply({ system }), { outcome: 'applied', serial: 1 });
  const first = service.box()!.pid;
  t.equal(await askLoopback(port, '/readyz'), 200);
  t.ok(readFileSync(join(box.stick, 'portico-onboarding.pdf')).length > 1_000, 'the sheet for the iPads, with the root that the box has just made');

  put(box.stick, settingsText(2, '', '新名字'));
  t.match(await box.apply({ system }), { outcome: 'applied', serial: 2 });
  t.not(service.box()!.pid, first, 'another process');
  t.equal(await askLoopback(port, '/readyz'), 200);

  const before = everything(join(box.root, 'etc'));
  takeIt = true;
  put(box.stick, settingsText(3, '', '第三个名字'));
  t.match(await box.apply({ system }), { outcome: 'rolled_back', code: 'stick_apply_failed', serial: 3 });
  t.strictSame([...everything(join(box.root, 'etc'))], [...before]);
  const end = Date.now() + 30_000; // READY comes before its models have been tested
  while (await askLoopback(port, '/readyz') !== 200 && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 200));
  t.equal(await askLoopback(port, '/readyz'), 200, 'and it serves');
  t.match(box.read('/etc/portico/box.env'), '新名字');
});
