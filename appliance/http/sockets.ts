import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import type { Access, OpenSession } from '../access/index.js';
import { CAMERA_MODES, CAMERA_RANGES, CLOSE, PROTOCOL_VERSION, type Permission } from '../contract/index.js';
import type { EventBus } from '../events/index.js';
import { isPorticoError, PorticoError } from '../kit/index.js';
import type { CameraKind, Recognition } from '../recognition/index.js';
import { serveCamera } from './camera.js';
import { authorised, deviceOf, isOwnOrigin } from './guards.js';
import { SOCKET_BYTES_MAX, SOCKETS_PER_DEVICE_MAX } from './limits.js';
import type { LiveHub } from './live.js';
import { Upgrades } from './upgrades.js';
import { encode, endSocket, sendOrClose } from './wire.js';

interface SocketQuery { v?: string; mode?: string; range?: string; station?: string; epoch?: string; since?: string }

interface Entry { socket: WebSocket; deviceId: string; session: OpenSession; permission: Permission; alive: boolean }

/**
 * The two sockets. Origin, device, session and role are checked before the handshake, before each message that goes out or comes
 * in, at every heartbeat and when a session ends. Strangers are refused in plain HTTP. A browser cannot read the status of a refused
 * upgrade, so a paired device is told in a typed message on the open socket, which then closes with a code that the page understands.
 */
export function registerSockets(app: FastifyInstance, deps: { access: Access; events: EventBus; hub: LiveHub; recognition: Recognition; heartbeatMs: number }): void {
  const { access, events, hub, recognition, heartbeatMs } = deps;
  const open = new Set<Entry>();
  const cameras = new Map<WebSocket, CameraKind>();
  const upgrades = new Upgrades(app, ['/live', '/camera'].map((path) => `${app.prefix}${path}`));

  /** Ends the socket of a session that does not hold any more. */
  const holds = (entry: Entry): boolean => {
    try {
      if (access.stillMay(entry.session, entry.permission)) return true;
    } catch (err) {
      app.log.error({ err }, 'a session could not be looked up'); // fail closed; the page comes back when the database does
    }
    endSocket(entry.socket, CLOSE.sessionEnded);
    return false;
  };
  /** The same for each message, without a look into the file while it is in use: what ends it otherwise is told, and heartbeats look. */
  const stillMay = (entry: Entry): boolean => entry.socket.readyState === entry.socket.OPEN && (access.isInUse(entry.session) || holds(entry));

  /** @throws PorticoError */
  const check = (request: FastifyRequest, permission: () => Permission): Omit<Entry, 'socket'> => {
    if (!isOwnOrigin(request)) throw new PorticoError('wrong_origin');
    if ((request.query as SocketQuery).v !== String(PROTOCOL_VERSION)) throw new PorticoError('wrong_protocol_version', { expected: PROTOCOL_VERSION });
    const asked = permission();
    const { device, session } = authorised(request, asked);
    if ([...open].filter(({ deviceId }) => deviceId === device.id).length >= SOCKETS_PER_DEVICE_MAX) throw new PorticoError('too_many_requests');
    return { deviceId: device.id, session, permission: asked, alive: true };
  };

  /** @throws PorticoError device_not_paired, not_found: no upgrade is asked for */
  const admit = (request: FastifyRequest, reply: FastifyReply, maxBytes: number, permission: () => Permission, serve: (entry: Entry) => void): void => {
    upgrades.require(request);
    deviceOf(request);
    let may: Omit<Entry, 'socket'>;
    try {
      may = check(request, permission);
    } catch (error) {
      if (!isPorticoError(error)) throw error;
      upgrades.accept(request, reply, SOCKET_BYTES_MAX.refused, (socket) => {
        socket.send(encode({ v: 1, type: 'error', ...error.toBody() }));
        endSocket(socket, closeCodeOf(error));
      });
      return;
    }
    upgrades.accept(request, reply, maxBytes, (socket) => {
      const entry = { socket, ...may };
      open.add(entry);
      socket.on('pong', () => { entry.alive = true; });
      socket.on('close', () => open.delete(entry));
      serve(entry);
    });
  };

  app.get('/live', { schema: { hide: true }, config: { permission: 'serve', socket: true } }, (request, reply) => {
    admit(request, reply, SOCKET_BYTES_MAX.live, () => 'serve', (entry) => {
      const { epoch, since } = request.query as SocketQuery;
      const resume = epoch !== undefined && since !== undefined && /^\d{1,15}$/.test(since) ? { epoch, since: Number(since) } : null;
      hub.connect(entry.socket, resume, () => stillMay(entry));
    });
  });

  // The mode says which: `serve` for look_up, `front_desk` for the other.
  app.get('/camera', { schema: { hide: true }, config: { permission: 'front_desk', socket: true } }, (request, reply) => {
    const query = request.query as SocketQuery;
    const mode = CAMERA_MODES.find((known) => known === query.mode);
    const range = CAMERA_RANGES.find((known) => known === (query.range ?? 'near'));
    admit(request, reply, SOCKET_BYTES_MAX.camera, () => {
      if (mode === undefined) throw new PorticoError('camera_mode_invalid');
      // Whoever steps up to a desk is near; a desk that looked further would look at passers-by.
      if (range === undefined || (mode === 'front_desk' && range === 'far')) throw new PorticoError('camera_range_invalid');
      return mode === 'look_up' ? 'serve' : 'front_desk';
    }, (entry) => {
      const kind = { mode: mode!, range: range!, stationId: query.station ?? null };
      cameras.set(entry.socket, kind);
      entry.socket.on('close', () => cameras.delete(entry.socket));
      // Whoever points the camera is using the iPad; whoever looks at the board is not.
      const used = () => { if (mode === 'look_up') access.noteUse(entry.session.key); };
      serveCamera(entry.socket, kind, recognition, () => stillMay(entry), used);
    });
  });

  /** The line behind it is closed already; this tells the camera why. */
  const endCameras = (code: 'recognition_off' | 'station_not_ready', which: (kind: CameraKind) => boolean) => {
    for (const [socket, kind] of cameras) {
      if (!which(kind)) continue;
      sendOrClose(socket, encode({ v: 1, type: 'error', ...new PorticoError(code).toBody() }));
      endSocket(socket, CLOSE.notAllowed);
    }
  };

  const unsubscribe = [
    events.on('sessionEnded', ({ sessionKey }) => {
      for (const entry of open) if (entry.session.key === sessionKey) endSocket(entry.socket, CLOSE.sessionEnded);
    }),
    events.on('modeChanged', ({ mode }) => {
      if (mode === 'off') endCameras('recognition_off', () => true);
      else if (mode !== 'fixed_station') endCameras('station_not_ready', (kind) => kind.mode === 'fixed_station');
    }),
    events.on('stationChanged', ({ stationId }) => endCameras('station_not_ready', (kind) => kind.mode === 'fixed_station' && kind.stationId === stationId)),
  ];
  const heartbeat = setInterval(() => {
    for (const entry of open) {
      if (!entry.alive) entry.socket.terminate();
      else if (holds(entry)) {
        entry.alive = false;
        entry.socket.ping();
      }
    }
  }, heartbeatMs);
  app.addHook('preClose', async () => {
    clearInterval(heartbeat);
    for (const each of unsubscribe) each();
    for (const { socket } of open) endSocket(socket, CLOSE.goingAway); // a sleeping iPad answers nothing
  });
}

function closeCodeOf(error: PorticoError): number {
  if (error.code === 'wrong_protocol_version') return CLOSE.wrongVersion;
  if (error.code === 'too_many_requests') return CLOSE.flood;
  return error.status === 401 ? CLOSE.sessionEnded : CLOSE.notAllowed;
}
