import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { FpirChoice, RecognitionQuality } from '../../contract/index.js';
import type { Gallery } from '../../gallery/index.js';
import type { Quality } from '../../recognition/index.js';
import { requireManager, requireStaff, staffOf } from '../guards.js';

/** How good recognition is here, and how careful it shall be. */
export const recognitionRoutes = (deps: { gallery: Gallery; quality: Quality }): FastifyPluginAsyncTypebox => async (app) => {
  const { gallery, quality } = deps;

  app.get('/recognition', {
    onRequest: requireStaff,
    schema: { tags: ['recognition'], summary: 'Thresholds, and what staff\'s answers say about them', response: { 200: RecognitionQuality } },
  }, async () => quality.report());

  app.put('/recognition/fpir', {
    onRequest: requireManager,
    schema: { tags: ['recognition'], summary: 'Choose how often a stranger may be taken for somebody', body: FpirChoice, response: { 200: RecognitionQuality } },
  }, async (request) => {
    gallery.chooseFpir(request.body, staffOf(request).session.staff.id);
    return quality.report();
  });
};
