/** A box that is not well with new settings goes back to those of before. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { dirname, join } from 'node:path';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { systemClock } from '../../appliance/kit/index.js';
import { loadCertificates } from '../../appliance/http/certificates.js';
import { allowAddresses, openBox, settleBox } from '../../provisioning/box.js';
import type { System } from '../../provisioning/system.js';
import { becomesWell } from '../../provisioning/wellness.js';
import { everything, machineThat, newBox, put, settingsText } from '../support/stick.js';
import { temporaryDirectory } from '../support/scratch.js';

/** A server that plays /readyz on loopback, with a root of its own as a box has it. */
async function readyz(t: Test, status: () => number) {
  const certificates = await loadCertificates(temporaryDirectory(t), [], systemClock, 'a passphrase');
  const server: Server = createServer({ key: certificates.keyPem, cert: certificates.chainPem }, (request, response) => {
    response.writeHead(request.url === '/readyz' ? status() : 404).end('{}');
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  t.teardown(() => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); }));
  return { port: (server.address() as AddressInfo).port, rootPem: certificates.rootPem };
}

/** Lays the root where the box has its own, and its port where IT would set it. */
function belongsTo(root: string, rootPem: string, port: number): void {
  for (const [path, text] of [['var/lib/portico/tls/root.crt', rootPem], ['etc/portico/local.env', `PORTICO_PORT=${port}\n`]] as const) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

t.test('not ready, another root, nobody there: not well', async (t) => {
  const box = await newBox(t);
  t.notOk(await becomesWell(box.paths, 100), 'no root yet');
  let status = 503;
  const [own, other] = [await readyz(t, () => status), await readyz(t, () => 200)];
  belongsTo(box.root, own.rootPem, own.port);
  t.notOk(await becomesWell(box.paths, 100), 'it says itself that it is not');
  status = 200;
  t.ok(await becomesWell(box.paths, 100));
  t.notOk(await becomesWell(box.paths, 100, { port: other.port }), 'somebody else on this port, with another root');
  t.notOk(await becomesWell(box.paths, 100, { port: 1 }), 'nobody');
  status = 503;
  setTimeout(() => { status = 200; }, 700);
  t.ok(await becomesWell(box.paths, 10_000), 'it takes its time');
});

t.test('the box goes back, network included, says so, and takes the next stick', async (t) => {
  const box = await newBox(t);
  let status = 200;
  const server = await readyz(t, () => status);
  belongsTo(box.root, server.rootPem, server.port);
  const system = machineThat(() => becomesWell(box.paths, 1_200));
  put(box.stick, settingsText(1));
  t.match(await box.apply({ system }), { outcome: 'applied' });
  const before = everything(box.root, /portico-box\/(public|outbox)\//);

  status = 503;
  system.ran.length = 0;
  put(box.stick, settingsText(2, '', '新名字').replaceAll('192.168.1.', '10.9.9.'));
  t.match(await box.apply({ system }), { outcome: 'rolled_back', code: 'stick_apply_failed', serial: 2 });
  t.strictSame([...everything(box.root, /portico-box\/(public|outbox)\//)], [...before], 'byte for byte');
  t.strictSame(system.ran.filter((command) => command.includes('systemd-networkd.service')).length, 4, 'the network is told of both');
  t.strictSame(system.ran.at(-1), ['systemctl', 'restart', 'portico.service']);
  t.match(JSON.parse(box.read('/var/lib/portico-box/public/stick.json')!), { outcome: 'rolled_back', code: 'stick_apply_failed', serial: 2 });
  t.match(readFileSync(join(box.stick, 'portico-result.txt'), 'utf8'), /已退回[\s\S]*Rolled back/);

  status = 200;
  t.match(await box.apply({ system }), { outcome: 'applied', serial: 2 }, 'its serial was not used up');
});

t.test('the process of before goes on answering while the service restarts: its answer does not count', async (t) => {
  const box = await newBox(t);
  let [status, start] = [200, 'a'];
  const server = await readyz(t, () => status);
  belongsTo(box.root, server.rootPem, server.port);
  put(box.stick, settingsText(1));
  const base = machineThat(() => false);
  let becomes = 200;
  const system: System = {
    ...base, startOf: async () => start, isWell: (before) => becomesWell(box.paths, 2_500, { isAnother: async () => start !== before }),
    run: async (command) => {
      // As a restart that is not waited for: the old one answers for a while yet.
      if (command.includes('portico.service') && command.includes('restart')) setTimeout(() => { start += 'a'; status = becomes; }, 900);
      return base.run(command);
    },
  };
  t.match(await box.apply({ system }), { outcome: 'applied' });
  becomes = 503;
  put(box.stick, settingsText(2, '', '新名字'));
  t.match(await box.apply({ system }), { outcome: 'rolled_back', code: 'stick_apply_failed' });
  const never = { ...system, run: async () => true };
  status = 200;
  put(box.stick, settingsText(3, '', '新名字'));
  t.match(await box.apply({ system: never }), { outcome: 'rolled_back' }, 'a service that was never started anew');
});

t.test('an undo that fails leaves the journal, says so, and the next settling puts things right', async (t) => {
  const box = await newBox(t);
  put(box.stick, settingsText(1));
  await box.apply();
  const before = everything(box.root, /portico-box\/(public|outbox|generations)\//);
  put(box.stick, settingsText(2, '', '新名字'));
  const broken = await openBox(box.root, box.stick, {
    clock: box.clock, at: (step) => { if (step.startsWith('move back')) throw Object.assign(new Error('no room'), { code: 'ENOSPC' }); },
  });
  t.match(await box.apply({ ...broken, system: machineThat(() => false) }), { outcome: 'rolled_back', warnings: [{ code: 'undo_later' }] });
  t.ok(existsSync(box.paths.journal));
  t.match(readFileSync(join(box.stick, 'portico-result.txt'), 'utf8'), /恢复原设置还没有完成[\s\S]*did not come to its end/);
  t.match(await settleBox(box), { stick: 'undone' });
  t.strictSame([...everything(box.root, /portico-box\/(public|outbox|generations)\//)], [...before]);
});

t.test('another network: the box cannot see whether the iPads still reach it, and says what to do then', async (t) => {
  const box = await newBox(t);
  put(box.stick, settingsText(1));
  t.match(await box.apply(), { warnings: [] }, 'the first settings change nothing');
  put(box.stick, settingsText(2).replaceAll('192.168.1.', '10.9.9.'));
  t.match(await box.apply(), { outcome: 'applied', warnings: [{ code: 'network_changed', what: '10.9.9.20/24, portico-njr.local, 10.9.9.0/24' }] });
  const text = () => readFileSync(join(box.stick, 'portico-result.txt'), 'utf8');
  t.match(text(), /看不到 iPad 能不能连上它[\s\S]*原来的设置重新签名[\s\S]*sign the former settings anew/);
  const told = text();
  t.match(await box.apply(), { outcome: 'unchanged' });
  t.equal(text(), told, 'plugged in again it says the same');
  put(box.stick, settingsText(3, '', '新名字').replaceAll('192.168.1.', '10.9.9.'));
  t.match(await box.apply(), { outcome: 'applied', warnings: [] });
});

t.test('a command that fails is a box that is not well', async (t) => {
  const box = await newBox(t);
  put(box.stick, settingsText(1));
  const system = machineThat(() => true);
  const broken = { ...system, run: async (command: readonly string[]) => !command.includes('systemd-networkd.service') };
  t.match(await box.apply({ system: broken }), { outcome: 'rolled_back', warnings: [{ code: 'command_failed', what: 'systemctl enable systemd-networkd.service' }, { code: 'command_failed', what: 'systemctl restart systemd-networkd.service' }] });
  t.equal(box.read('/etc/portico/organisation.json'), null, 'nobody is pinned by what did not work');
});

t.test('head office is let through by its addresses; a name that nobody knows is told', async (t) => {
  const box = await newBox(t);
  put(box.stick, settingsText(1, 'headOffice: { url: "https://hq.example.cn/" }\n'));
  const system = machineThat(() => true);
  t.match(await box.apply({ system }), { outcome: 'applied', warnings: [{ code: 'address_unknown', what: 'hq.example.cn' }] });
  put(box.stick, settingsText(2, 'headOffice: { url: "https://hq.example.cn/" }\n'));
  await box.apply({ system: { ...system, addressesOf: async () => ['203.0.113.7'] } });
  const looked = () => box.read('/run/systemd/system/portico.service.d/60-addresses.conf');
  t.equal(looked(), '[Service]\nIPAddressAllow=203.0.113.7\n');
  t.strictSame(system.ran.at(-1), ['systemctl', 'daemon-reload']);
  t.equal(statSync(join(box.root, 'run/systemd/system/portico.service.d/60-addresses.conf')).mode & 0o777, 0o644);

  const addresses = (...found: string[]) => allowAddresses(box.paths, box.disk, { ...system, addressesOf: async () => found });
  const before = system.ran.length;
  await addresses('203.0.113.7');
  t.equal(system.ran.length, before, 'the same again: systemd is told nothing');
  await addresses('203.0.113.8', '2001:db8::8');
  t.equal(looked(), '[Service]\nIPAddressAllow=203.0.113.8\nIPAddressAllow=2001:db8::8\n', 'the address of before is let through no more');
  // What the settings allow stands in their own drop-in alone: narrowed there, it is narrow at once.
  put(box.stick, settingsText(3).replace('allowedLan: [192.168.1.0/24]', 'allowedLan: [192.168.1.16/28]'));
  t.match(await box.apply({ system }), { outcome: 'applied' });
  t.equal(looked(), null, 'nothing outside is reached any more');
  const allowed = box.read('/etc/systemd/system/portico.service.d/50-portico.conf')!;
  t.ok(allowed.includes('IPAddressAllow=192.168.1.16/28') && !allowed.includes('192.168.1.0/24'));
});
