/** A real box for a test: real models, real encrypted file, real TLS sockets, in a folder of its own. */
import type { Test } from 'tap';
import { loadConfig } from '../../appliance/config/index.js';
import type { Role, StaffMember } from '../../appliance/contract/index.js';
import { createLogger, systemClock, type Clock } from '../../appliance/kit/index.js';
import { startAppliance, type Appliance } from '../../appliance/main.js';
import { PorticoClient } from '../../demo/client.js';
import { farDayEnd, temporaryDirectory } from './scratch.js';

export { temporaryDirectory, TestClock } from './scratch.js';

export const OWNER_PIN = '135790';

export interface TestBox {
  appliance: Appliance;
  url: string;
  dataDirectory: string;
  /** Everything the box logged. */
  logged(): string;
  /** Another device with cookies of its own, not paired. */
  stranger(): PorticoClient;
  /** A paired device, signed in as the owner. */
  owner: PorticoClient;
  ownerId: string;
  stop(): Promise<void>;
}

/** Starts a box, pairs a device and makes the owner. Stopped when the test is over. */
export async function startBox(t: Test, options: {
  settings?: Record<string, string>; clock?: Clock; dataDirectory?: string;
  /** Leave the owner's pairing code unused. */
  fresh?: boolean;
  /** Factor on how long slow clients and silent sockets are waited for; default 1, as in the product. */
  patience?: number;
} = {}): Promise<TestBox> {
  const dataDirectory = options.dataDirectory ?? temporaryDirectory(t);
  const config = loadConfig({
    PORTICO_DATA_DIR: dataDirectory, PORTICO_HOST: '127.0.0.1', PORTICO_PORT: '0', PORTICO_TRUST_PORT: '0', PORTICO_VISION_WORKERS: '1',
    PORTICO_IDLE_LOCK_MINUTES: '960', // clocks are moved by hours
    PORTICO_DAY_ENDS_AT: farDayEnd(options.clock ?? systemClock),
    ...options.settings,
  });
  let log = '';
  const sink = { write: (line: string) => { log += line; return true; } } as unknown as NodeJS.WritableStream;
  const appliance = await startAppliance(config, {
    log: createLogger('info', sink), ...(options.clock === undefined ? {} : { clock: options.clock }),
    ...(options.patience === undefined ? {} : { patience: options.patience }),
  });
  const url = appliance.urls[0]!;
  const clients: PorticoClient[] = [];
  const client = () => {
    const made = new PorticoClient(url, appliance.rootPem);
    clients.push(made);
    return made;
  };
  let stopped = false;
  const stop = async () => {
    if (stopped) return;
    stopped = true;
    for (const each of clients) each.close();
    await appliance.stop();
  };
  t.teardown(stop);
  const owner = client();
  let ownerId = '';
  if (appliance.ownerCode !== null && options.fresh !== true) {
    await owner.pair(appliance.ownerCode, 'iPad 1');
    ownerId = (await owner.makeOwner('店长', OWNER_PIN)).id;
    await owner.signIn(ownerId, OWNER_PIN);
  }
  return { appliance, url, dataDirectory, logged: () => log, stranger: client, owner, ownerId, stop };
}

/** One more paired device, signed in as a new member of staff. */
export async function addStaff(box: TestBox, name: string, role: Role, pin = '246802'): Promise<{ device: PorticoClient; staff: StaffMember }> {
  const staff = await box.owner.call<StaffMember>('POST', '/staff', { name, role, pin });
  const device = box.stranger();
  await device.pair((await box.owner.makePairingCode()).code, `iPad ${name}`);
  await device.signIn(staff.id, pin);
  return { device, staff };
}

export async function addAssociate(box: TestBox, name: string, pin = '246802'): Promise<{ device: PorticoClient; staff: StaffMember }> {
  return addStaff(box, name, 'associate', pin);
}
