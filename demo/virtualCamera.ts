/** An iPad at the front desk that sees the sample photos: same pairing, same socket, same flow control as a real one. */
import type { CameraMessage } from '../appliance/contract/index.js';
import { viewAt } from './cameraPath.js';
import type { PorticoClient, SocketReader } from './client.js';
import type { Lens } from './lens.js';
import { pause, untilStopped } from './untilStopped.js';

const FRAMES_PER_SECOND = 5;

export interface CameraCounts {
  sent: number;
  /** Frames left out because the box had not answered those before, or drawing took too long. */
  skipped: number;
  dropped: number;
  refused: number;
  /** Time spent on drawing and compressing all frames sent. */
  drawMs: number;
  /** Sum of what the box says it took, from the last byte to the answer. */
  tookMs: number;
}

export class VirtualCamera {
  readonly counts: CameraCounts = { sent: 0, skipped: 0, dropped: 0, refused: 0, drawMs: 0, tookMs: 0 };
  readonly #deps: { device: PorticoClient; lens: Lens; staffId: string; pin: string; trouble(reason: string): void };

  /** @param deps.device paired, not yet signed in */
  constructor(deps: { device: PorticoClient; lens: Lens; staffId: string; pin: string; trouble(reason: string): void }) {
    this.#deps = deps;
  }

  /** Films until told to stop. The path goes on with time, also while the box is away. */
  async run(signal: AbortSignal): Promise<void> {
    const { device, staffId, pin, trouble } = this.#deps;
    const startedMs = performance.now();
    await untilStopped(signal, async () => {
      await device.signIn(staffId, pin);
      await device.call('POST', '/sessions/current/front-desk');
      const socket = device.camera('front_desk');
      const close = () => socket.close();
      signal.addEventListener('abort', close);
      try {
        await this.#film(socket, startedMs, signal);
      } finally {
        signal.removeEventListener('abort', close);
        socket.close();
      }
    }, (reason) => trouble(`virtual camera: ${reason}`));
  }

  async #film(socket: SocketReader<CameraMessage>, startedMs: number, signal: AbortSignal): Promise<void> {
    const { credits } = (await socket.nextOf('camera.ready')).data;
    let underWay = 0;
    const reading = this.#read(socket, () => { underWay -= 1; });
    reading.catch(() => undefined); // awaited below, after the sending has noticed
    let tick = Math.ceil(((performance.now() - startedMs) / 1000) * FRAMES_PER_SECOND);
    while (!signal.aborted && socket.socket.readyState === socket.socket.OPEN) {
      await pause((tick / FRAMES_PER_SECOND) * 1000 - (performance.now() - startedMs), signal);
      // The box names the credits left when it wrote; what was sent since counts too, so unanswered frames are counted here.
      if (underWay < credits) {
        const drawingMs = performance.now();
        const frame = await this.#deps.lens.frame(viewAt(tick / FRAMES_PER_SECOND));
        this.counts.drawMs += performance.now() - drawingMs;
        underWay += 1;
        this.counts.sent += 1;
        socket.socket.send(frame);
      } else this.counts.skipped += 1;
      const next = Math.max(tick + 1, Math.ceil(((performance.now() - startedMs) / 1000) * FRAMES_PER_SECOND));
      this.counts.skipped += next - tick - 1;
      tick = next;
    }
    await reading;
  }

  /** Reads answers until the socket closes, which it tells by rejecting. */
  async #read(socket: SocketReader<CameraMessage>, answered: () => void): Promise<void> {
    for (;;) {
      const message = await socket.next();
      switch (message.type) {
        case 'camera.ready':
          break;
        case 'camera.result':
          this.counts.tookMs += message.data.tookMs;
          answered();
          break;
        case 'camera.dropped':
          this.counts.dropped += 1;
          answered();
          break;
        case 'camera.refused':
          this.counts.refused += 1;
          this.#deps.trouble(`virtual camera: frame refused, ${message.data.error.code}`);
          answered();
          break;
        case 'error':
          this.#deps.trouble(`virtual camera: ${message.code}`);
          break;
      }
    }
  }
}
