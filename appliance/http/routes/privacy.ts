import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Assessments, Breaches, Modes, Overview, Retention, StoredPersons } from '../../compliance/index.js';
import {
  Assessment, AssessmentRequest, Breach, BreachRequest, IdParams, ModeChange, ModeState, PrivacyOverview, RetentionChange, RetentionTable, RunnableStation, SignageRequest,
  Station, StationRequest, StoredPersons as StoredPersonsCount, StoredPersonsChange,
} from '../../contract/index.js';
import { actorOf } from '../guards.js';

const Csv = Type.Unsafe<string>({ description: 'RFC 4180, UTF-8', content: { 'text/csv': { schema: { type: 'string' } } } });

export interface Compliance {
  overview: Overview; modes: Modes; assessments: Assessments; retention: Retention; persons: StoredPersons; breaches: Breaches;
}

/** The privacy office: what the store decides, writes down and keeps count of. */
export const privacyRoutes = ({ overview, modes, assessments, retention, persons, breaches }: Compliance): FastifyPluginAsyncTypebox => async (app) => {
  const config = { permission: 'privacy_office' } as const;
  const tags = ['privacy'];

  app.get('/privacy/overview', { config, schema: { tags, summary: 'What is to be done', response: { 200: PrivacyOverview } } }, async () => overview.now());

  app.get('/privacy/mode', { config, schema: { tags, summary: 'Which cameras may be read, and what stands in the way of other modes', response: { 200: ModeState } } },
    async () => modes.state());
  app.put('/privacy/mode', { config, schema: { tags, summary: 'Change the mode; holds at once', body: ModeChange, response: { 200: ModeState } } },
    async (request) => modes.change(request.body.mode, actorOf(request)));

  app.get('/privacy/stations', { config, schema: { tags, summary: 'Cameras that stand by themselves', response: { 200: Type.Array(Station) } } },
    async () => modes.stations());
  app.post('/privacy/stations', { config, schema: { tags, body: StationRequest, response: { 201: Station } } },
    async (request, reply) => reply.status(201).send(modes.addStation(request.body, actorOf(request))));
  app.patch('/privacy/stations/:id', {
    config,
    schema: { tags, summary: 'Rename or draw the zone anew, which takes the signature back', params: IdParams, body: StationRequest, response: { 200: Station } },
  }, async (request) => modes.changeStation(request.params.id, request.body, actorOf(request)));
  app.delete('/privacy/stations/:id', { config, schema: { tags, params: IdParams, response: { 204: Type.Null() } } }, async (request, reply) => {
    modes.removeStation(request.params.id, actorOf(request));
    return reply.status(204).send(null);
  });
  app.post('/privacy/stations/:id/signage', {
    config,
    schema: { tags, summary: 'Sign off the signage, every item seen on the spot', params: IdParams, body: SignageRequest, response: { 200: Station } },
  }, async (request) => modes.signSignage(request.params.id, request.body.items, actorOf(request)));

  app.get('/stations', {
    config: { permission: 'front_desk' },
    schema: { tags, summary: 'The stations that may run now, for the iPad that is to stand there', response: { 200: Type.Array(RunnableStation) } },
  }, async () => modes.runnable());

  app.get('/privacy/assessments', { config, schema: { tags, summary: 'Impact assessments, newest first', response: { 200: Type.Array(Assessment) } } },
    async () => assessments.all());
  app.post('/privacy/assessments', {
    config,
    schema: { tags, summary: 'Record an assessment with how the box stands now; it is never changed', body: AssessmentRequest, response: { 201: Assessment } },
  }, async (request, reply) => {
    const by = actorOf(request);
    const recorded = assessments.record(request.body, by);
    // Not acceptable as it runs: it stops.
    if (!recorded.acceptable && recorded.mode === modes.current()) modes.change('off', by);
    return reply.status(201).send(recorded);
  });

  app.get('/privacy/retention', { config, schema: { tags, summary: 'How long each kind of data is kept', response: { 200: RetentionTable } } },
    async () => retention.table());
  app.put('/privacy/retention', { config, schema: { tags, summary: 'Change one term, from the next night on', body: RetentionChange, response: { 200: RetentionTable } } },
    async (request) => retention.change(request.body.kind, request.body.days, actorOf(request)));

  app.get('/privacy/persons', { config, schema: { tags, summary: 'How many people\'s faces are stored', response: { 200: StoredPersonsCount } } },
    async () => persons.now());
  app.put('/privacy/persons', { config, schema: { tags, body: StoredPersonsChange, response: { 200: StoredPersonsCount } } },
    async (request) => persons.change(request.body, actorOf(request)));

  app.get('/privacy/breaches', { config, schema: { tags, summary: 'Incidents and drills, newest first', response: { 200: Type.Array(Breach) } } },
    async () => breaches.all());
  app.post('/privacy/breaches', { config, schema: { tags, body: BreachRequest, response: { 201: Breach } } },
    async (request, reply) => reply.status(201).send(breaches.record(request.body, actorOf(request))));
  app.get('/privacy/breaches/:id/affected.csv', { config, schema: { tags, summary: 'Whom it concerns, for a spreadsheet', params: IdParams, response: { 200: Csv } } }, async (request, reply) =>
    reply.type('text/csv; charset=utf-8').header('content-disposition', 'attachment; filename="affected.csv"')
      .send(breaches.affectedCsv(request.params.id, actorOf(request))));
};
