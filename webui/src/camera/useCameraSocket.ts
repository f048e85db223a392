import { onScopeDispose, ref } from 'vue';
import { ApiError } from '../api/client.js';
import { CLOSE, PROTOCOL_VERSION, type CameraMessage, type CameraMode, type CameraRange, type CameraResult, type ErrorCode } from '../contract.js';
import { cameraUsed } from '../composables/useIdleLock.js';
import { backoffMs } from '../live/backoff.js';
import { useSession } from '../stores/session.js';
import { afterMessage, afterSend, maySend, noCredits, type Credits } from './credits.js';

/** At most six frames a second, and never one more than the box asked for. */
const INTERVAL_MS = 167;
const TICK_MS = 40;

export interface CameraSocketOptions {
  mode: CameraMode;
  /** How small the faces may be; asked at each connect. Without it: near. */
  range?: () => CameraRange;
  /** Of a fixed station: which. */
  station?: string;
  grab: () => Promise<Blob | null>;
  onResult: (result: CameraResult['data']) => void;
}

/** Sends frames and hears about faces from start() to stop(); reconnects in between. */
export function useCameraSocket(options: CameraSocketOptions) {
  const session = useSession();
  const status = ref<'off' | 'connecting' | 'ready'>('off');
  const error = ref<ApiError | null>(null);
  let generation = 0;
  let socket: WebSocket | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;

  function connect(): void {
    const mine = ++generation;
    status.value = 'connecting';
    const url = new URL(`/api/v1/camera?v=${PROTOCOL_VERSION}&mode=${options.mode}`, location.origin);
    if (options.range) url.searchParams.set('range', options.range());
    if (options.station !== undefined) url.searchParams.set('station', options.station);
    url.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:';
    const opened = (socket = new WebSocket(url));
    let credits: Credits = noCredits;

    opened.addEventListener('message', (event: MessageEvent<unknown>) => {
      if (mine !== generation || typeof event.data !== 'string') return;
      const message = JSON.parse(event.data) as CameraMessage;
      credits = afterMessage(credits, message);
      if (message.type === 'camera.ready') {
        failures = 0;
        status.value = 'ready';
        error.value = null;
        void pump();
      } else if (message.type === 'camera.result') {
        error.value = null;
        options.onResult(message.data);
      } else if (message.type === 'camera.refused') {
        error.value = new ApiError(message.data.error.code as ErrorCode);
      } else if (message.type === 'error') {
        error.value = new ApiError(message.code as ErrorCode);
      }
    });
    opened.addEventListener('close', (event) => {
      if (mine !== generation) return;
      if (event.code === CLOSE.wrongVersion) error.value = new ApiError('wrong_protocol_version');
      // The box may have said why just before.
      if (event.code === CLOSE.notAllowed && error.value?.code !== 'recognition_off' && error.value?.code !== 'station_not_ready') error.value = new ApiError('not_allowed');
      retry();
    });

    async function pump(): Promise<void> {
      if (mine !== generation || opened.readyState !== WebSocket.OPEN) return;
      if (maySend(credits, performance.now(), INTERVAL_MS) && opened.bufferedAmount === 0) {
        const jpeg = await options.grab();
        if (mine !== generation || opened.readyState !== WebSocket.OPEN) return;
        if (jpeg && maySend(credits, performance.now(), INTERVAL_MS)) {
          credits = afterSend(credits, performance.now());
          opened.send(jpeg);
          cameraUsed();
        }
      }
      timer = setTimeout(() => void pump(), TICK_MS);
    }
  }

  function retry(): void {
    close();
    status.value = 'connecting';
    const mine = generation;
    failures++;
    void session.probe().then((reachable) => {
      if (mine !== generation) return;
      if (!reachable) error.value = new ApiError('network');
      timer = setTimeout(connect, backoffMs(failures, Math.random()));
    });
  }

  function close(): void {
    generation++;
    clearTimeout(timer);
    socket?.close();
    socket = null;
  }

  function start(): void {
    close();
    failures = 0;
    error.value = null;
    connect();
  }

  function stop(): void {
    close();
    status.value = 'off';
  }

  onScopeDispose(stop);
  return { status, error, start, stop };
}
