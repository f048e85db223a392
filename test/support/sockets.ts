/** Short ways to talk with the two sockets. */
import type { CameraFace, CameraMessage, CameraResult, LiveMessage } from '../../appliance/contract/index.js';
import type { SocketReader } from '../../demo/client.js';

export type Camera = SocketReader<CameraMessage>;
export type Live = SocketReader<LiveMessage>;

/** Sends one frame and waits for its answer, whatever that is. */
export async function answerTo(camera: Camera, frame: Uint8Array): Promise<CameraMessage> {
  camera.socket.send(frame);
  for (;;) {
    const message = await camera.next();
    if (message.type !== 'camera.ready') return message;
  }
}

/** Sends one frame and waits for its result. @throws Error when it is refused or dropped */
export async function look(camera: Camera, frame: Uint8Array): Promise<CameraResult['data']> {
  const message = await answerTo(camera, frame);
  if (message.type !== 'camera.result') throw new Error(`expected a result: ${JSON.stringify(message)}`);
  return message.data;
}

/** The same, for a frame that shows one face. */
export async function lookAtOne(camera: Camera, frame: Uint8Array): Promise<CameraFace> {
  const { faces } = await look(camera, frame);
  if (faces.length !== 1) throw new Error(`expected one face, found ${faces.length}`);
  return faces[0]!;
}

/** Whether a socket is closed within a few seconds, and how; a page that is still open answers null. */
export async function closedSoon(reader: SocketReader<unknown>, withinMs = 10_000): Promise<number | null> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<null>((resolve) => { timer = setTimeout(() => resolve(null), withinMs); });
  const code = await Promise.race([reader.closed, tooLate]);
  clearTimeout(timer);
  return code;
}

/** The messages that are already under way: everything up to the answer to a ping. */
export async function drain(live: Live): Promise<LiveMessage[]> {
  live.socket.send(JSON.stringify({ v: 1, type: 'live.ping' }));
  const messages: LiveMessage[] = [];
  for (;;) {
    const message = await live.next();
    if (message.type === 'live.pong') return messages;
    messages.push(message);
  }
}
