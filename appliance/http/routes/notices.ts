import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Consent } from '../../consent/index.js';
import { IdParams, Notice, NoticeDraft, NoticeDraftState, NoticePublication, NoticeVersion } from '../../contract/index.js';
import { actorOf } from '../guards.js';

/** The versions of the notice and the draft of the next: the privacy officer's. */
export const noticeRoutes = ({ consent }: { consent: Consent }): FastifyPluginAsyncTypebox => async (app) => {
  const { notices } = consent;
  const config = { permission: 'edit_notice' } as const;

  app.get('/notices', { config, schema: { tags: ['notices'], summary: 'All versions, newest first', response: { 200: Type.Array(NoticeVersion) } } },
    async () => notices.versions());

  app.get('/notices/:id', { config: { permission: 'read_notice' }, schema: { tags: ['notices'], summary: 'One version with its text', params: IdParams, response: { 200: Notice } } },
    async (request) => notices.byId(request.params.id));

  app.get('/notices/draft', { config, schema: { tags: ['notices'], summary: 'The draft of the next version, and what it lacks', response: { 200: NoticeDraftState } } },
    async () => notices.draft());

  app.put('/notices/draft', { config, schema: { tags: ['notices'], summary: 'Save the draft, complete or not', body: NoticeDraft, response: { 200: NoticeDraftState } } },
    async (request) => notices.saveDraft(request.body));

  app.delete('/notices/draft', { config, schema: { tags: ['notices'], summary: 'Throw the draft away', response: { 204: Type.Null() } } }, async (_request, reply) => {
    notices.discardDraft();
    return reply.status(204).send(null);
  });

  app.post('/notices/draft/publish', {
    config,
    schema: {
      tags: ['notices'], summary: 'Publish the draft, saying whether the change is material; a material one stops earlier consents at once',
      body: Type.Union([NoticePublication, Type.Null()]), response: { 201: Notice },
    },
  }, async (request, reply) => reply.status(201).send(notices.publish(request.body?.material, actorOf(request))));
};
