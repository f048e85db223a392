import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { FpirChoice, RecognitionQuality } from '../../contract/index.js';
import type { Audit } from '../../audit/index.js';
import type { Gallery } from '../../gallery/index.js';
import type { Quality } from '../../recognition/index.js';
import { actorOf } from '../guards.js';

/** How good recognition is here, and how careful it shall be. */
export const recognitionRoutes = (deps: { audit: Audit; gallery: Gallery; quality: Quality }): FastifyPluginAsyncTypebox => async (app) => {
  const { audit, gallery, quality } = deps;

  app.get('/recognition', {
    config: { permission: 'health' },
    schema: { tags: ['recognition'], summary: 'Thresholds, and what staff\'s answers say about them', response: { 200: RecognitionQuality } },
  }, async () => quality.report());

  app.put('/recognition/fpir', {
    config: { permission: 'tune_recognition' },
    schema: { tags: ['recognition'], summary: 'Choose how often a stranger may be taken for somebody', body: FpirChoice, response: { 200: RecognitionQuality } },
  }, async (request) => {
    const by = actorOf(request);
    audit.recording('setting_changed', by, { detail: { setting: 'fpir', ...request.body } }, () => gallery.chooseFpir(request.body, by.staffId));
    return quality.report();
  });
};
