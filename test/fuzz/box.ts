/** A box in a process of its own, so that its memory can be measured and its end noticed. Speaks with its parent by lines. */
import { loadConfig } from '../../appliance/config/index.js';
import { createLogger } from '../../appliance/kit/index.js';
import { startAppliance } from '../../appliance/main.js';

let internal = 0;
const log = createLogger('info', { write: (line: string) => { if (/"errorCode":"internal"|"level":(50|60)/.test(line)) { internal += 1; process.stderr.write(line); } return true; } } as unknown as NodeJS.WritableStream);
const appliance = await startAppliance(loadConfig({
  PORTICO_DATA_DIR: process.argv[2]!, PORTICO_HOST: '127.0.0.1', PORTICO_PORT: '0', PORTICO_TRUST_PORT: '0', PORTICO_VISION_WORKERS: '1',
}), { log });
const say = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);
say({ url: appliance.urls[0], rootPem: appliance.rootPem, ownerCode: appliance.ownerCode });

process.stdin.setEncoding('utf8').on('data', (asked: string) => {
  for (const line of asked.trim().split('\n')) {
    if (line === 'memory') {
      for (let i = 0; i < 3; i++) globalThis.gc?.();
      const { heapUsed, external, rss } = process.memoryUsage();
      say({ heapUsed, external, rss, internal });
    } else if (line === 'stop') void appliance.stop().then(() => process.exit(0));
  }
});
