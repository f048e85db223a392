/** A box's day, to be run where its network is watched: start, enrol, recognise, withdraw, stop. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../appliance/config/index.js';
import { createLogger } from '../../appliance/kit/index.js';
import { startAppliance } from '../../appliance/main.js';
import { PorticoClient } from '../../demo/client.js';
import { portrait, scene } from '../support/scene.js';
import { look } from '../support/sockets.js';

const dataDirectory = mkdtempSync(join(tmpdir(), 'portico-egress-'));
try {
  const config = loadConfig({
    PORTICO_DATA_DIR: dataDirectory, PORTICO_HOST: '127.0.0.1', PORTICO_PORT: '0', PORTICO_TRUST_PORT: '8080', PORTICO_VISION_WORKERS: '1',
  });
  const appliance = await startAppliance(config, { log: createLogger('silent') });
  const ipad = new PorticoClient(appliance.urls[0]!, appliance.rootPem);
  await ipad.pair(appliance.ownerCode!, 'iPad');
  await ipad.signIn((await ipad.makeOwner('店长', '135790')).id, '135790');
  const { id } = await ipad.createCustomer({ displayName: '顾客' });
  await ipad.giveConsent(id);
  const picture = await portrait('P08');
  await ipad.enrol(id, [picture]);
  const camera = await ipad.camera('look_up').opened();
  const frame = await scene({ picture, x: 640, y: 360, height: 420 });
  await look(camera, frame);
  const { faces } = await look(camera, frame);
  if (faces[0]?.person?.customerId !== id) throw new Error('nobody was recognised');
  camera.close();
  await ipad.call('POST', `/customers/${id}/consents/withdraw`);
  ipad.close();
  await appliance.stop();
  process.stdout.write('the day is over\n');
} finally {
  rmSync(dataDirectory, { recursive: true, force: true });
}
