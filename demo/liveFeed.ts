/** Reads the live socket as a staff iPad does: a snapshot, then events; after a break it asks for what it missed. */
import type { LiveEvent } from '../appliance/contract/index.js';
import type { PorticoClient } from './client.js';
import { untilStopped } from './untilStopped.js';

export async function followLive(
  deps: { device: PorticoClient; staffId: string; pin: string; event(event: LiveEvent): void; trouble(reason: string): void }, signal: AbortSignal,
): Promise<void> {
  const { device, staffId, pin } = deps;
  let resume: { epoch: string; since: number } | undefined;
  await untilStopped(signal, async () => {
    await device.signIn(staffId, pin);
    const socket = device.live(resume);
    const close = () => socket.close();
    signal.addEventListener('abort', close);
    try {
      for (;;) {
        const message = await socket.next();
        switch (message.type) {
          case 'live.pong':
          case 'live.resumed':
            break;
          case 'error':
            deps.trouble(`live: ${message.code}`);
            break;
          case 'live.snapshot':
            resume = { epoch: message.epoch, since: message.revision };
            break;
          case 'visit.opened':
          case 'visit.updated':
          case 'visit.closed':
          case 'sighting.candidate':
          case 'sighting.resolved':
          case 'customer.forgotten':
          case 'box.health':
            resume = { epoch: message.epoch, since: message.revision };
            deps.event(message);
        }
      }
    } finally {
      signal.removeEventListener('abort', close);
      socket.close();
    }
  }, (reason) => deps.trouble(`live: ${reason}`));
}
