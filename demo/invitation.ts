/** Keeps one pairing code ready for whoever watches: when it is used up or about to expire, another is told. */
import type { Device, PairingCode } from '../appliance/contract/index.js';
import type { PorticoClient } from './client.js';
import { pause, untilStopped } from './untilStopped.js';

const LOOK_EVERY_MS = 3_000;
/** A code that is read now and typed in should still work. */
const REPLACE_BEFORE_MS = 60_000;

export type Occasion = 'first' | 'used' | 'expired';

export async function keepInvitation(
  deps: { device: PorticoClient; staffId: string; pin: string; invite(code: PairingCode, occasion: Occasion): void; trouble(reason: string): void },
  signal: AbortSignal,
): Promise<void> {
  const { device, staffId, pin } = deps;
  const known = new Set<string>();
  let code: PairingCode | null = null;
  await untilStopped(signal, async () => {
    await device.signIn(staffId, pin);
    while (!signal.aborted) {
      const devices = await device.call<Device[]>('GET', '/devices');
      const joined = devices.some(({ id }) => !known.has(id));
      for (const { id } of devices) known.add(id);
      const expired = code !== null && Date.parse(code.expiresAt) - Date.now() < REPLACE_BEFORE_MS;
      if (code === null || joined || expired) {
        const occasion: Occasion = code === null ? 'first' : joined ? 'used' : 'expired';
        code = await device.makePairingCode();
        deps.invite(code, occasion);
      }
      await pause(LOOK_EVERY_MS, signal);
    }
  }, (reason) => deps.trouble(`pairing: ${reason}`));
}
