import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import type { Access, Scope } from '../access/index.js';
import { CAMERA_MODES, CAMERA_RANGES, CLOSE, PROTOCOL_VERSION, type Permission } from '../contract/index.js';
import type { EventBus } from '../events/index.js';
import { isPorticoError, PorticoError } from '../kit/index.js';
import type { CameraKind, Recognition } from '../recognition/index.js';
import { serveCamera } from './camera.js';
import { authorised, isOwnOrigin } from './guards.js';
import { SOCKETS_PER_DEVICE_MAX } from './limits.js';
import type { LiveHub } from './live.js';
import { endSocket, sendOrClose } from './wire.js';

interface SocketQuery { v?: string; mode?: string; range?: string; station?: string; epoch?: string; since?: string }

/**
 * The two sockets. Origin, device, session and role are checked at the upgrade, and again at every heartbeat and when a session
 * ends. A browser cannot read the status of a refused upgrade, so refusals are told in a typed message on the open socket,
 * which then closes with a code that the page understands.
 */
export function registerSockets(app: FastifyInstance, deps: { access: Access; events: EventBus; hub: LiveHub; recognition: Recognition; heartbeatMs: number }): void {
  const { access, events, hub, recognition, heartbeatMs } = deps;
  const open = new Set<{ socket: WebSocket; deviceId: string; key: string; scope: Scope; permission: Permission; alive: boolean }>();
  const cameras = new Map<WebSocket, CameraKind>();

  const admit = (socket: WebSocket, request: FastifyRequest, asked: () => Permission): string | null => {
    socket.on('error', () => undefined); // followed by 'close'
    try {
      if (!isOwnOrigin(request)) throw new PorticoError('wrong_origin');
      if ((request.query as SocketQuery).v !== String(PROTOCOL_VERSION)) throw new PorticoError('wrong_protocol_version', { expected: PROTOCOL_VERSION });
      const permission = asked();
      const { device, session } = authorised(request, permission);
      if ([...open].filter(({ deviceId }) => deviceId === device.id).length >= SOCKETS_PER_DEVICE_MAX) throw new PorticoError('too_many_requests');
      const entry = { socket, deviceId: device.id, key: session.key, scope: session.scope, permission, alive: true };
      open.add(entry);
      socket.on('pong', () => { entry.alive = true; });
      socket.on('close', () => open.delete(entry));
      return session.key;
    } catch (error) {
      if (!isPorticoError(error)) throw error;
      socket.send(JSON.stringify({ v: 1, type: 'error', ...error.toBody() }));
      endSocket(socket, closeCodeOf(error));
      return null;
    }
  };

  app.get('/live', { websocket: true, schema: { hide: true }, config: { permission: 'serve' } }, (socket, request) => {
    if (admit(socket, request, () => 'serve') === null) return;
    const { epoch, since } = request.query as SocketQuery;
    const resume = epoch !== undefined && since !== undefined && /^\d{1,15}$/.test(since) ? { epoch, since: Number(since) } : null;
    hub.connect(socket, resume);
  });

  // The mode says which: `serve` for look_up, `front_desk` for the other.
  app.get('/camera', { websocket: true, schema: { hide: true }, config: { permission: 'front_desk' } }, (socket, request) => {
    const query = request.query as SocketQuery;
    const mode = CAMERA_MODES.find((known) => known === query.mode);
    const range = CAMERA_RANGES.find((known) => known === (query.range ?? 'near'));
    const key = admit(socket, request, () => {
      if (mode === undefined) throw new PorticoError('camera_mode_invalid');
      // Whoever steps up to a desk is near; a desk that looked further would look at passers-by.
      if (range === undefined || (mode === 'front_desk' && range === 'far')) throw new PorticoError('camera_range_invalid');
      return mode === 'look_up' ? 'serve' : 'front_desk';
    });
    if (key === null || mode === undefined || range === undefined) return;
    const kind = { mode, range, stationId: query.station ?? null };
    cameras.set(socket, kind);
    socket.on('close', () => cameras.delete(socket));
    // Whoever points the camera is using the iPad; whoever looks at the board is not.
    if (mode === 'look_up') socket.on('message', (_data, isBinary) => { if (isBinary) access.noteUse(key); });
    serveCamera(socket, kind, recognition);
  });

  /** The line behind it is closed already; this tells the camera why. */
  const endCameras = (code: 'recognition_off' | 'station_not_ready', which: (kind: CameraKind) => boolean) => {
    for (const [socket, kind] of cameras) {
      if (!which(kind)) continue;
      sendOrClose(socket, JSON.stringify({ v: 1, type: 'error', ...new PorticoError(code).toBody() }));
      endSocket(socket, CLOSE.notAllowed);
    }
  };

  const unsubscribe = [
    events.on('sessionEnded', ({ sessionKey }) => {
      for (const entry of open) if (entry.key === sessionKey) endSocket(entry.socket, CLOSE.sessionEnded);
    }),
    events.on('modeChanged', ({ mode }) => {
      if (mode === 'off') endCameras('recognition_off', () => true);
      else if (mode !== 'fixed_station') endCameras('station_not_ready', (kind) => kind.mode === 'fixed_station');
    }),
    events.on('stationChanged', ({ stationId }) => endCameras('station_not_ready', (kind) => kind.mode === 'fixed_station' && kind.stationId === stationId)),
  ];
  const stillMay = (entry: { key: string; scope: Scope; permission: Permission }): boolean => {
    try {
      return access.stillMay(entry.key, entry.scope, entry.permission);
    } catch (err) {
      app.log.error({ err }, 'a session could not be looked up');
      return false; // fail closed; the page comes back when the database does
    }
  };
  const heartbeat = setInterval(() => {
    for (const entry of open) {
      if (!entry.alive) entry.socket.terminate();
      else if (!stillMay(entry)) endSocket(entry.socket, CLOSE.sessionEnded);
      else {
        entry.alive = false;
        entry.socket.ping();
      }
    }
  }, heartbeatMs);
  app.addHook('preClose', async () => {
    clearInterval(heartbeat);
    for (const each of unsubscribe) each();
  });
}

function closeCodeOf(error: PorticoError): number {
  if (error.code === 'wrong_protocol_version') return CLOSE.wrongVersion;
  if (error.code === 'too_many_requests') return CLOSE.flood;
  return error.status === 401 ? CLOSE.sessionEnded : CLOSE.notAllowed;
}
