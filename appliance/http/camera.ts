import type { WebSocket } from 'ws';
import { CAMERA_CREDITS, CLOSE, MAX_FRAME_BYTES, MAX_FRAME_PIXELS, type CameraMessage } from '../contract/index.js';
import { isPorticoError, PorticoError } from '../kit/index.js';
import type { CameraKind, OpenCamera, Recognition } from '../recognition/index.js';
import { endSocket, parseJson, sendOrClose } from './wire.js';

/** Frames sent without credit until the connection is closed. An honest page never sends one. */
const OVERDRAWN_MAX = 50;

/** One camera's socket: JPEG frames come up, answers go down, credits keep the camera from outrunning the box. */
export function serveCamera(socket: WebSocket, kind: CameraKind, recognition: Recognition): void {
  const send = (message: CameraMessage) => {
    sendOrClose(socket, JSON.stringify(message));
  };
  let camera: OpenCamera;
  try {
    camera = recognition.openCamera(kind, {
      result: ({ tookMs, analyseMs, ...data }) => send({ v: 1, type: 'camera.result', data: { ...data, tookMs: tenths(tookMs), analyseMs: tenths(analyseMs) } }),
      dropped: (data) => send({ v: 1, type: 'camera.dropped', data }),
      refused: (data, error) => send({ v: 1, type: 'camera.refused', data: { ...data, error: error.toBody() } }),
    });
  } catch (error) {
    if (!isPorticoError(error)) throw error;
    send({ v: 1, type: 'error', ...error.toBody() });
    endSocket(socket, error.code === 'cameras_too_many' ? CLOSE.tooSlow : CLOSE.notAllowed);
    return;
  }
  let overdrawn = 0;
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (socket.readyState !== socket.OPEN) return; // its session ended; what still comes in is nobody's
    if (!isBinary) {
      const error = new PorticoError(parseJson(data) === null ? 'malformed_json' : 'unknown_message');
      send({ v: 1, type: 'error', ...error.toBody() });
      return;
    }
    if (camera.offer(data, performance.now())) return;
    overdrawn += 1;
    if (overdrawn < OVERDRAWN_MAX) return;
    send({ v: 1, type: 'error', ...new PorticoError('camera_flood').toBody() });
    camera.close();
    endSocket(socket, CLOSE.flood);
  });
  socket.on('close', () => camera.close());
  send({
    v: 1, type: 'camera.ready',
    data: { cameraId: camera.id, mode: kind.mode, range: kind.range, credits: CAMERA_CREDITS, maxBytes: MAX_FRAME_BYTES, maxPixels: MAX_FRAME_PIXELS },
  });
}

/** Milliseconds as they are sent: tenths are precise enough. */
function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
