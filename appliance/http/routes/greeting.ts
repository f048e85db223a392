import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Audit } from '../../audit/index.js';
import { GreetingChange, GreetingParams, GreetingWords, IdParams, SuggestionVerdict, VisitCard } from '../../contract/index.js';
import type { Greeting } from '../../greeting/index.js';
import type { Cards } from '../cards.js';
import { actorOf } from '../guards.js';

/** The words of suggestions, and what staff say to one. */
export const greetingRoutes = (deps: { audit: Audit; greeting: Greeting; cards: Cards }): FastifyPluginAsyncTypebox => async (app) => {
  const { audit, greeting, cards } = deps;

  app.get('/greetings', {
    config: { permission: 'arrange_desk' },
    schema: { tags: ['desk'], summary: 'The words of each kind of suggestion, and what staff said to it', response: { 200: Type.Array(GreetingWords) } },
  }, async () => greeting.words());

  app.put('/greetings/:kind', {
    config: { permission: 'arrange_desk' },
    schema: { tags: ['desk'], summary: 'Other words for a kind of suggestion, or switch it off', params: GreetingParams, body: GreetingChange, response: { 200: GreetingWords } },
  }, async (request) => {
    const by = actorOf(request);
    const { kind } = request.params;
    return audit.recording('setting_changed', by, { detail: { setting: 'greeting', kind } }, () => greeting.change(kind, request.body, by.staffId));
  });

  app.post('/visits/:id/suggestion', {
    config: { permission: 'serve' },
    schema: { tags: ['visits'], summary: 'Useful, not useful, or neither any more: what the card suggested', params: IdParams, body: SuggestionVerdict, response: { 200: VisitCard } },
  }, async (request) => {
    greeting.judge(request.params.id, request.body, actorOf(request).staffId, () => cards.visit(request.params.id).suggestion);
    return cards.visit(request.params.id);
  });
};
