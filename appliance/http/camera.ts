import type { WebSocket } from 'ws';
import { CAMERA_CREDITS, CLOSE, MAX_FRAME_BYTES, MAX_FRAME_PIXELS, type CameraMessage } from '../contract/index.js';
import { isPorticoError, PorticoError } from '../kit/index.js';
import type { CameraKind, OpenCamera, Recognition } from '../recognition/index.js';
import { SOCKET_TEXT_BYTES_MAX } from './limits.js';
import { encode, endSocket, parseJson, sendOrClose } from './wire.js';

/** Frames sent without credit, and texts, until the connection is closed. An honest page never sends one. */
const OVERDRAWN_MAX = 50;

/**
 * One camera's socket: JPEG frames come up, answers go down, credits keep the camera from outrunning the box.
 * @param stillMay whether its session still holds, asked for each frame and each answer; if not, the socket is closed by it
 * @param used somebody pointed it
 */
export function serveCamera(socket: WebSocket, kind: CameraKind, recognition: Recognition, stillMay: () => boolean, used: () => void): void {
  const send = (message: CameraMessage) => {
    sendOrClose(socket, encode(message));
  };
  let camera: OpenCamera;
  try {
    camera = recognition.openCamera(kind, {
      result: ({ tookMs, analyseMs, ...data }) => {
        if (stillMay()) send({ v: 1, type: 'camera.result', data: { ...data, tookMs: tenths(tookMs), analyseMs: tenths(analyseMs) } });
      },
      dropped: (data) => send({ v: 1, type: 'camera.dropped', data }),
      refused: (data, error) => send({ v: 1, type: 'camera.refused', data: { ...data, error: error.toBody() } }),
    });
  } catch (error) {
    if (!isPorticoError(error)) throw error;
    send({ v: 1, type: 'error', ...error.toBody() });
    endSocket(socket, error.code === 'cameras_too_many' ? CLOSE.tooSlow : CLOSE.notAllowed);
    return;
  }
  const refuse = (error: PorticoError) => send({ v: 1, type: 'error', ...error.toBody() });
  const hangUp = (error: PorticoError) => {
    refuse(error);
    camera.close();
    endSocket(socket, CLOSE.flood);
  };
  let overdrawn = 0;
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (!stillMay()) return; // what still comes in is nobody's
    if (!isBinary && data.length > SOCKET_TEXT_BYTES_MAX) {
      hangUp(new PorticoError('body_too_large'));
      return;
    }
    if (!isBinary) refuse(new PorticoError(parseJson(data) === null ? 'malformed_json' : 'unknown_message'));
    else {
      used();
      if (camera.offer(data, performance.now())) return;
    }
    overdrawn += 1;
    if (overdrawn >= OVERDRAWN_MAX) hangUp(new PorticoError('camera_flood'));
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
