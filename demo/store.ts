/** Opens the demo's store: its past first, then the box itself, a camera at the door and a reader of what happens. */
import { loadConfig } from '../appliance/config/index.js';
import { createLogger } from '../appliance/kit/index.js';
import { startAppliance, type Appliance } from '../appliance/main.js';
import { PorticoClient } from './client.js';
import { makeFreshDataFolder, releaseDataFolder } from './dataFolder.js';
import { findFreePort } from './freePort.js';
import { makeHistory, StoryClock, type Staff } from './history.js';
import { keepInvitation } from './invitation.js';
import { Lens } from './lens.js';
import { followLive } from './liveFeed.js';
import { CUSTOMERS, OWNER, STORE_NAME } from './people.js';
import { loadPhotos, type Photos } from './samplePhotos.js';
import { VirtualCamera, type CameraCounts } from './virtualCamera.js';
import { eventLine, invitationLines, type Names } from './wording.js';

/** Shorter than a lap of the camera, so that cards go and come again while one watches. */
const VISIT_GAP_MINUTES = 0.7;
/** A day more than the first day of the history. */
const BEFORE_HISTORY_DAYS = 42;

export interface StoreOptions {
  dataDirectory: string;
  port: number;
  say(line: string): void;
  trouble(reason: string): void;
  /** A visit was opened. */
  arrived(customerId: string): void;
}
export interface DemoStore {
  readonly cameraCounts: Readonly<CameraCounts>;
  close(): Promise<void>;
}

export async function openStore(options: StoreOptions): Promise<DemoStore> {
  const { dataDirectory, say, trouble } = options;
  const photos = await loadPhotos();
  makeFreshDataFolder(dataDirectory);
  const port = await findFreePort(options.port);
  if (options.port !== 0 && port !== options.port) say(`Port ${options.port} is busy; using ${port}.`);
  const machine = loadConfig();
  const settings = {
    // What the machine decides is handed on; all else is the demo's own.
    PORTICO_MODELS_DIR: machine.modelsDirectory, PORTICO_HOST: machine.host, PORTICO_VISION_WORKERS: String(machine.visionWorkers),
    PORTICO_DATA_DIR: dataDirectory, PORTICO_PORT: String(port), PORTICO_TRUST_PORT: '0', PORTICO_STORE_NAME: STORE_NAME,
    PORTICO_LOG_LEVEL: 'error', PORTICO_DEMO: 'true',
    PORTICO_IDLE_LOCK_MINUTES: '960', // nobody touches the demo's own devices; and the customers are fictional
  };
  say(`Enrolling sample customers of ${STORE_NAME} ...`);
  const { ipad, staff } = await liveThroughHistory(settings, photos, say);

  const appliance = await start({ ...settings, PORTICO_VISIT_GAP_MINUTES: String(VISIT_GAP_MINUTES) });
  const devices = [ipad];
  const stopping = new AbortController();
  let running: Promise<unknown> = Promise.resolve();
  const close = async () => {
    stopping.abort();
    await running;
    for (const device of devices) device.close();
    await appliance.stop();
    releaseDataFolder(dataDirectory);
  };
  try {
    const owner = { staffId: staff[OWNER.name].id, pin: OWNER.pin, trouble };
    const pairAnother = async (name: string) => {
      const device = new PorticoClient(appliance.urls.at(-1)!, appliance.rootPem);
      devices.push(device);
      await device.pair((await ipad.makePairingCode()).code, name);
      return device;
    };
    await ipad.signIn(owner.staffId, owner.pin);
    const camera = new VirtualCamera({ ...owner, device: await pairAnother('虚拟摄像头'), lens: new Lens(photos) });
    const console = await pairAnother('演示控制台');
    const names: Names = new Map();
    const { signal } = stopping;
    running = Promise.all([
      keepInvitation({ ...owner, device: ipad, invite: (code, occasion) => invitationLines(code, occasion, appliance.urls).forEach(say) }, signal),
      followLive({
        ...owner, device: console,
        event: (event) => {
          const line = eventLine(event, names);
          if (line !== null) say(line);
          if (event.type === 'visit.opened') options.arrived(event.data.visit.customerId);
        },
      }, signal),
      camera.run(signal),
    ]);
    return { cameraCounts: camera.counts, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Runs the box on this machine only, six weeks ago, until the store has a past. */
async function liveThroughHistory(
  settings: Record<string, string>, photos: Photos, say: StoreOptions['say'],
): Promise<{ ipad: PorticoClient; staff: Staff }> {
  const clock = new StoryClock();
  clock.moveTo(BEFORE_HISTORY_DAYS);
  const appliance = await start({ ...settings, PORTICO_HOST: '127.0.0.1' }, clock);
  try {
    const ipad = new PorticoClient(appliance.urls.at(-1)!, appliance.rootPem);
    let done = 0;
    const staff = await makeHistory({
      ipad, clock, photos, ownerCode: appliance.ownerCode!,
      progress: (displayName, templatePhotos) => {
        done += 1;
        say(`  ${done}/${CUSTOMERS.length}  ${displayName}  ${templatePhotos === 0 ? 'did not agree to recognition: no face' : `${templatePhotos} photos`}`);
      },
    });
    ipad.close(); // its kept connections; the cookies stay
    return { ipad, staff };
  } finally {
    await appliance.stop();
  }
}

function start(settings: Record<string, string>, clock?: StoryClock): Promise<Appliance> {
  const config = loadConfig(settings);
  return startAppliance(config, { log: createLogger(config.logLevel, process.stderr), ...(clock === undefined ? {} : { clock }) });
}
