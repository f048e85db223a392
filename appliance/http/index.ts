import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import fastifyStatic from '@fastify/static';
import swagger from '@fastify/swagger';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import fastify, { LogController, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Access } from '../access/index.js';
import type { Audit, Verification } from '../audit/index.js';
import type { Backups } from '../backup/index.js';
import type { Consent } from '../consent/index.js';
import { ErrorBody, type Deletion, type Language } from '../contract/index.js';
import type { Customers } from '../customers/index.js';
import type { Dealings } from '../dealings/index.js';
import type { Dossiers } from '../dossiers/index.js';
import type { EventBus } from '../events/index.js';
import type { Exports } from '../export/index.js';
import type { Finding } from '../finding/index.js';
import type { Files } from '../files/index.js';
import type { Fields } from '../fields/index.js';
import type { FollowUps } from '../followups/index.js';
import type { Gallery } from '../gallery/index.js';
import type { Greeting } from '../greeting/index.js';
import { PorticoError, type Clock, type Logger } from '../kit/index.js';
import { signDeletion, type Signer } from '../papers/index.js';
import type { Products } from '../products/index.js';
import type { Enrolments, Explanations, Quality, Recognition, Sightings, Things } from '../recognition/index.js';
import type { AccessCopies, Rights } from '../rights/index.js';
import type { Visits } from '../visits/index.js';
import { Cards } from './cards.js';
import type { Certificates } from './certificates.js';
import { compileAtFirstUse } from './compilers.js';
import { handleError, refuseConnection } from './errors.js';
import { askAgain, guardRoute, identifyVisitor, refuseForeignOrigin, refuseNavigation } from './guards.js';
import { BARE_HEADERS, HELMET_OPTIONS, sendPolicies } from './headers.js';
import { HTTPS_CONNECTIONS, JSON_BYTES_MAX, limitConnections, waitsOf } from './limits.js';
import { LiveHub } from './live.js';
import { machineRoutes } from './machines.js';
import { isPlainFile, keepAssets, pageSender } from './page.js';
import type { Deletions } from './receipts.js';
import { accessRoutes } from './routes/access.js';
import { auditRoutes } from './routes/audit.js';
import { peersIn } from './peers.js';
import { boxRoutes, type BoxState } from './routes/box.js';
import { backupRoutes } from './routes/backups.js';
import { consentRoutes } from './routes/consent.js';
import { customerRoutes } from './routes/customers.js';
import { greetingRoutes } from './routes/greeting.js';
import { dealingRoutes } from './routes/dealings.js';
import { exportRoutes } from './routes/export.js';
import { fileRoutes } from './routes/files.js';
import { ownRoutes } from './routes/mine.js';
import { findingRoutes } from './routes/finding.js';
import { fieldRoutes } from './routes/fields.js';
import { noticeRoutes } from './routes/notices.js';
import { customerPapers, paperRoutes, type PaperDeps } from './routes/papers.js';
import { passkeyRoutes } from './routes/passkeys.js';
import { privacyRoutes, type Compliance } from './routes/privacy.js';
import { productRoutes } from './routes/products.js';
import { recognitionRoutes } from './routes/recognition.js';
import { rightsRoutes } from './routes/rights.js';
import { visitRoutes } from './routes/visits.js';
import { registerSockets } from './sockets.js';
import { boxUrlFor, trustFile } from './trust.js';

export { Mdns, type LanName } from './mdns.js';
export { lanAddresses, loadCertificates, type Certificates } from './certificates.js';
export { createTrustServer, rootFingerprint } from './trust.js';

/** Per address and minute; a guided enrolment sends about 240 photos, a page reload about 30 files. */
const REQUESTS_PER_MINUTE = 1_500;

export interface HttpDeps {
  access: Access; audit: Audit; verification: Verification; consent: Consent; customers: Customers; dossiers: Dossiers; finding: Finding; fields: Fields; followUps: FollowUps; gallery: Gallery; visits: Visits; signer: Signer;
  enrolments: Enrolments; sightings: Sightings; quality: Quality; recognition: Recognition; health: BoxState;
  explanations: Explanations; rights: Rights; accessCopies: AccessCopies; compliance: Compliance; deletions: Deletions & { all(): Deletion[] }; stillEvidence: PaperDeps['stillEvidence'];
  greeting: Greeting; backups: Backups; exports: Exports;
  products: Products; dealings: Dealings; files: Files; things: Things;
  events: EventBus; clock: Clock; log: Logger; certificates: Certificates;
  box: { version: string; storeName: string; demo: boolean; timeZone: string; currency: string; languages: readonly Language[] };
  webuiDirectory: string;
  /** Networks that may connect at all, empty: all; and those that may read the metrics. Loopback always may. */
  allowedLan: readonly string[]; metricsAllow: readonly string[];
  /** See machineRoutes. */
  consoleToken: string | null;
  /** See waitsOf in limits.ts; default 1. */
  patience?: number;
}

/** The HTTPS server: page, REST, sockets. Assembles and does nothing else. */
export async function buildServer(deps: HttpDeps) {
  const { certificates, box, deletions, signer, audit } = deps;
  const waits = waitsOf(deps.patience ?? 1);
  const receipts = { deletions, signReceipt: (deletion: Deletion) => signDeletion(signer, box.storeName, deletion, audit.head()) };
  const app = fastify({
    https: { key: certificates.keyPem, cert: certificates.chainPem, minVersion: 'TLSv1.2', ...waits.https, requireHostHeader: false }, // sendPolicies requires it
    loggerInstance: deps.log,
    logController: new LogController({ disableRequestLogging: true }), // addresses and paths carry customers' ids
    bodyLimit: JSON_BYTES_MAX,
    requestTimeout: waits.requestMs,
    keepAliveTimeout: waits.keepAliveMs,
    connectionTimeout: waits.silenceMs,
    frameworkErrors: (error, request, reply) => handleError(error, request as FastifyRequest, reply.headers(BARE_HEADERS) as FastifyReply),
    clientErrorHandler: refuseConnection,
    // A wrong type is refused, an unknown field is refused: nothing is guessed or dropped in silence.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false } },
    schemaController: compileAtFirstUse,
  }).withTypeProvider<TypeBoxTypeProvider>();

  limitConnections(app.server, HTTPS_CONNECTIONS, peersIn(deps.allowedLan, true));
  app.server.on('checkExpectation', (request, response) => app.routing(request, response)); // answered as any other, not by Node's bare 417
  app.setErrorHandler(handleError);
  await app.register(helmet, HELMET_OPTIONS);
  app.addHook('onRequest', sendPolicies);
  await app.register(rateLimit, { global: false, errorResponseBuilder: () => new PorticoError('too_many_requests') });
  // One limiter before every guard, so that refused requests count too. Routes that are worth guessing at have less.
  app.addHook('onRequest', app.rateLimit({
    timeWindow: 60_000,
    max: (request) => request.routeOptions.config.requestsPerMinute ?? REQUESTS_PER_MINUTE,
    keyGenerator: (request) => (request.routeOptions.config.requestsPerMinute === undefined ? request.ip : `${request.ip} ${request.routeOptions.url}`),
  }));
  await app.register(cookie);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Portico', version: box.version, description: 'REST API of the box. Sockets: see docs/protocol.md. Errors: {code, message, details?}.' },
      components: { securitySchemes: { session: { type: 'apiKey', in: 'cookie', name: '__Host-portico-session' } } },
    },
    hideUntagged: true,
  });

  const cards = new Cards(deps);
  const hub = new LiveHub({ ...deps, cards });
  await app.register(async (api) => {
    api.decorateRequest('visitor', null);
    api.decorateRequest('stillMay', askAgain(deps.access));
    api.addHook('onRequest', async (_request, reply) => { void reply.header('cache-control', 'no-store'); });
    api.addHook('onRequest', refuseNavigation);
    api.addHook('onRoute', guardRoute(deps.access));
    api.addHook('onRoute', (route) => {
      const schema = route.schema as { response?: Record<string, unknown> } | undefined;
      if (schema?.response !== undefined) schema.response = { ...schema.response, '4xx': ErrorBody, '5xx': ErrorBody };
    });
    await api.register(async (v1) => {
      v1.addHook('onRequest', identifyVisitor(deps.access));
      registerSockets(v1, { ...deps, hub, heartbeatMs: waits.heartbeatMs });
      await v1.register(async (rest) => {
        rest.addHook('onRequest', refuseForeignOrigin);
        await rest.register(accessRoutes({ ...deps, hostNames: certificates.names }));
        await rest.register(passkeyRoutes({ ...deps, hostNames: certificates.names }));
        await rest.register(auditRoutes(deps));
        await rest.register(backupRoutes(deps));
        await rest.register(exportRoutes(deps));
        await rest.register(customerRoutes({ ...deps, cards }));
        await rest.register(findingRoutes({ ...deps, cards }));
        await rest.register(productRoutes(deps));
        await rest.register(dealingRoutes(deps));
        await rest.register(fileRoutes(deps));
        await rest.register(fieldRoutes({ ...deps, cards }));
        await rest.register(consentRoutes({ ...deps, receipts }));
        await rest.register(noticeRoutes(deps));
        await rest.register(ownRoutes({ ...deps, receipts, papers: customerPapers(deps) }));
        await rest.register(paperRoutes(deps));
        await rest.register(visitRoutes({ ...deps, cards }));
        await rest.register(greetingRoutes({ ...deps, cards }));
        await rest.register(recognitionRoutes(deps));
        await rest.register(rightsRoutes(deps));
        await rest.register(privacyRoutes(deps.compliance));
        await rest.register(boxRoutes(deps));
      });
    }, { prefix: '/v1' });
    api.get('/openapi.json', { schema: { hide: true }, config: { permission: 'public' } }, async () => app.swagger());
  }, { prefix: '/api' });

  app.addHook('onResponse', async (_request, reply) => deps.health.answered(reply.statusCode));
  await app.register(machineRoutes(deps));
  app.get('/trust*', async (request, reply) => {
    const boxUrl = boxUrlFor(request.raw, certificates.names);
    const file = trustFile(request.url.split('?')[0]!, certificates, box.storeName, boxUrl, 'https');
    if (file === null) throw new PorticoError('not_found');
    return reply.headers(file.headers).send(file.body);
  });
  const sendPage = pageSender(deps.webuiDirectory);
  for (const address of ['/', '/index.html']) app.get(address, (_request, reply) => sendPage(reply));
  await app.register(fastifyStatic, { root: deps.webuiDirectory, wildcard: true, index: false, cacheControl: false, setHeaders: keepAssets, allowedPath: isPlainFile });
  app.setNotFoundHandler((request, reply) => {
    // A page address inside the app: the page finds its own way. A missing file or API address: not found.
    const path = request.url.split('?')[0]!;
    if (request.method === 'GET' && !path.startsWith('/api/') && !/\.\w+$/.test(path)) return sendPage(reply);
    return handleError(new PorticoError('not_found'), request, reply);
  });
  hub.start();
  app.addHook('preClose', async () => hub.stop());
  return app;
}
