import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Access } from '../../access/index.js';
import { ExportComparison, ExportDay, ExportDayParams, ExportDetail, ExportQuery, ExportState } from '../../contract/index.js';
import type { Exports } from '../../export/index.js';
import { actorOf, signedIn } from '../guards.js';

const Zip = Type.Unsafe<Buffer>({ description: 'The archive: manifest.jws, release.json, release.csv, release.parquet', content: { 'application/zip': { schema: { type: 'string', format: 'binary' } } } });

/** Head office's nightly release: what went out, when, and exactly which bytes. */
export const exportRoutes = ({ exports, access }: { exports: Exports; access: Access }): FastifyPluginAsyncTypebox => async (app) => {
  const config = { permission: 'see_export' } as const;
  const tags = ['export'];

  app.get('/export', {
    config: { ...config, unattended: true }, schema: { tags, summary: 'Releases, newest day first, and how they stand', querystring: ExportQuery, response: { 200: ExportState } },
  }, async (request) => exports.state(request.query.before ?? null));

  app.get('/export/days/:day', { config, schema: { tags, summary: 'What stands in the release of a day', params: ExportDayParams, response: { 200: ExportDetail } } },
    async (request) => exports.detail(request.params.day));

  app.get('/export/days/:day/file', { config, schema: { tags, summary: 'Exactly the bytes that head office gets', params: ExportDayParams, response: { 200: Zip } } }, async (request, reply) => {
    const { fileName, archive } = exports.file(request.params.day, actorOf(request));
    return reply.type('application/zip').header('content-disposition', `attachment; filename="${fileName}"`).send(archive);
  });

  app.post('/export/days/:day/send', {
    config, schema: { tags, summary: 'Send one again that waits or that nobody took', params: ExportDayParams, response: { 202: ExportDay } },
  }, async (request, reply) => reply.status(202).send(exports.sendAgain(request.params.day, actorOf(request))));

  app.post('/export/resume', {
    config: { permission: 'privacy_office' }, schema: { tags, summary: 'This box stands in for the one that it was made from: release again', response: { 200: ExportState } },
  }, async (request) => {
    exports.resume(actorOf(request));
    return exports.state(null);
  });

  app.post('/export/days/:day/comparison', {
    config: { permission: 'privacy_office' },
    schema: { tags, summary: 'The true figures beside the released ones; asks for the PIN, and is written down', params: ExportDayParams, response: { 200: ExportComparison } },
  }, async (request) => {
    access.requireProof(signedIn(request));
    return exports.compare(request.params.day, actorOf(request));
  });
};
