import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import type { Access } from '../access/index.js';
import { PorticoError } from '../kit/index.js';
import { peersIn } from './peers.js';
import { reachableFromLan } from './routes/access.js';
import { sendBundle, type BoxState } from './routes/box.js';

const onLoopback = peersIn([], false);
/** By loopback, or by an address of its own: nobody else can complete a connection under that. */
const isThisMachine = ({ remoteAddress, localAddress }: FastifyRequest['socket']): boolean =>
  onLoopback(remoteAddress) || (remoteAddress !== undefined && remoteAddress === localAddress);

/**
 * What is for machines and for the console of the box: not part of the API, asked for without a session.
 * @param deps.consoleToken what who can read the data folder shows; null: nobody can
 */
export const machineRoutes = ({ access, health, metricsAllow, consoleToken }: {
  access: Pick<Access, 'makeCode' | 'ownerNeeded'>; health: BoxState; metricsAllow: readonly string[]; consoleToken: string | null;
}): FastifyPluginAsyncTypebox => async (app) => {
  app.addHook('onRequest', async (_request, reply) => { void reply.header('cache-control', 'no-store'); });

  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    const readiness = health.readiness();
    return reply.status(readiness.ready ? 200 : 503).send(readiness);
  });

  const mayScrape = peersIn(metricsAllow, false);
  app.get('/metrics', async (request, reply) => {
    if (!isThisMachine(request.socket) && !mayScrape(request.socket.remoteAddress)) throw new PorticoError('not_found');
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(await health.metrics());
  });

  // The command line of the box itself, where nobody is signed in: from this machine, by who can read the data folder.
  const wanted = consoleToken === null ? null : digest(consoleToken);
  const onlyConsole = (request: FastifyRequest) => {
    const shown = /^Bearer ([\w-]{1,100})$/.exec(request.headers.authorization ?? '')?.[1];
    const is = isThisMachine(request.socket) && wanted !== null && shown !== undefined && timingSafeEqual(digest(shown), wanted);
    if (!is) throw new PorticoError('not_found');
  };
  app.get('/console/report', async (request) => {
    onlyConsole(request);
    return health.report();
  });
  app.post('/console/checks', async (request) => {
    onlyConsole(request);
    await health.runChecks();
    return health.report();
  });
  // The way back in after the last iPad is lost. Whoever is at the console may; the log says that it was the box itself.
  for (const kind of ['device', 'owner'] as const) {
    app.post(`/console/pairing-codes/${kind}`, async (request) => {
      onlyConsole(request);
      if (access.ownerNeeded() !== (kind === 'owner')) throw new PorticoError(kind === 'owner' ? 'owner_exists' : 'owner_needed');
      const made = access.makeCode(kind);
      return { ...made, url: `${reachableFromLan(request)}/pair#${made.code}` };
    });
  }
  app.post('/console/support-bundle', async (request, reply) => {
    onlyConsole(request);
    return sendBundle(reply, await health.supportBundle());
  });
};

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
