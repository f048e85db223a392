import { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Audit, Verification } from '../../audit/index.js';
import { AuditPage, AuditQuery, AuditVerification } from '../../contract/index.js';
import { actorOf, whileAllowed } from '../guards.js';

const LIMIT_DEFAULT = 100;
const Csv = Type.Unsafe<Readable>({ description: 'RFC 4180, UTF-8', content: { 'text/csv': { schema: { type: 'string' } } } });

/** The audit log, for whoever answers for privacy: neither the desk nor IT may read who looked at whom. */
export const auditRoutes = ({ audit, verification }: { audit: Audit; verification: Verification }): FastifyPluginAsyncTypebox => async (app) => {
  const config = { permission: 'read_audit' } as const;

  app.get('/audit', {
    config,
    schema: { tags: ['audit'], summary: 'What happened, newest first', querystring: AuditQuery, response: { 200: AuditPage } },
  }, async (request) => {
    const { before, limit, ...filters } = request.query;
    return audit.page({ ...filters, limit: limit === undefined ? LIMIT_DEFAULT : Number(limit), ...(before === undefined ? {} : { before: Number(before) }) });
  });

  app.get('/audit/verification', {
    config,
    schema: { tags: ['audit'], summary: 'Whether the log is whole, and every record as the log tells it; what is not is named', response: { 200: AuditVerification } },
  }, async () => verification.run());

  app.get('/audit/export.csv', {
    config,
    schema: { tags: ['audit'], summary: 'The whole log as CSV', response: { 200: Csv } },
  }, async (request, reply) => {
    audit.record('audit_exported', actorOf(request), { detail: { as: 'csv' } });
    void reply.header('content-disposition', 'attachment; filename="portico-audit.csv"').type('text/csv; charset=utf-8');
    return reply.send(Readable.from(whileAllowed(request, audit.csv())));
  });
};
