import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { BoxHealth, BoxReport, type Readiness } from '../../contract/index.js';

/** How the box is. */
export interface BoxState {
  now(): BoxHealth;
  report(): BoxReport;
  readiness(): Readiness;
  runChecks(): Promise<void>;
  /** A zip archive for whoever helps, without anything about anybody. */
  supportBundle(): Promise<Buffer>;
  /** In the text form of Prometheus. */
  metrics(): Promise<string>;
  /** An answer went out. */
  answered(status: number): void;
}

const Zip = Type.Unsafe<Buffer>({ description: 'A file', content: { 'application/zip': { schema: { type: 'string', format: 'binary' } } } });

/** For who looks after the machine: what is wrong, in codes that the page has words for. */
export const boxRoutes = ({ health }: { health: BoxState }): FastifyPluginAsyncTypebox => async (app) => {
  const config = { permission: 'look_after_box' } as const;
  const tags = ['box'];

  app.get('/box/report', {
    config: { ...config, unattended: true }, schema: { tags, summary: 'Every check, as it is now; of the slow ones what they found last', response: { 200: BoxReport } },
  }, async () => health.report());

  app.post('/box/checks', {
    config,
    schema: { tags, summary: 'Run the slow checks now: both files of the database, and each model; answers when they are done', response: { 200: BoxReport } },
  }, async (request) => {
    await health.runChecks();
    request.stillMay();
    return health.report();
  });

  app.post('/box/support-bundle', {
    config,
    schema: { tags, summary: 'Versions, report, settings without secrets, the last log lines: nothing about anybody', response: { 200: Zip } },
  }, async (request, reply) => {
    const bundle = await health.supportBundle();
    request.stillMay();
    return sendBundle(reply, bundle);
  });
};

export function sendBundle(reply: { header(name: string, value: string): { type(type: string): { send(body: Buffer): unknown } } }, bundle: Buffer): never {
  return reply.header('content-disposition', 'attachment; filename="portico-support.zip"').type('application/zip').send(bundle) as never;
}
