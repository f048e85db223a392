import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Audit } from '../../audit/index.js';
import {
  Appointment, AppointmentChange, AppointmentQuery, AppointmentRequest, DayAppointment, IdParams, Purchase, PurchaseRequest, ReturnRequest, Ticket, TicketChange, TicketRequest,
  Wish, WishEnd, WishRequest,
} from '../../contract/index.js';
import type { Dealings } from '../../dealings/index.js';
import { actorOf, signedIn } from '../guards.js';

/** Wishes, purchases, tickets, appointments. */
export const dealingRoutes = (deps: { audit: Audit; dealings: Dealings }): FastifyPluginAsyncTypebox => async (app) => {
  const { audit, dealings: { wishes, purchases, tickets, appointments } } = deps;
  const tags = ['dealings'];
  const config = { permission: 'serve' } as const;

  app.post('/customers/:id/wishes', { config, schema: { tags, params: IdParams, body: WishRequest, response: { 201: Wish } } },
    async (request, reply) => reply.status(201).send(wishes.add(request.params.id, request.body, actorOf(request).staffId)));

  app.post('/wishes/:id/end', { config, schema: { tags, params: IdParams, body: WishEnd, response: { 200: Wish } } },
    async (request) => wishes.end(request.params.id, request.body.outcome));

  app.post('/customers/:id/purchases', {
    config, schema: { tags, summary: 'Takes along the visit in which it was written down, and ends the wish for it', params: IdParams, body: PurchaseRequest, response: { 201: Purchase } },
  }, async (request, reply) => {
    const by = actorOf(request);
    const { id } = request.params;
    const add = () => purchases.add(id, request.body, by.staffId);
    // Sent again: made and written down the first time.
    return reply.status(201).send(purchases.has(request.body.id) ? add()
      : audit.recording('purchase_added', by, (made) => ({ customerId: id, detail: { purchaseId: made.id } }), add));
  });

  app.post('/purchases/:id/return', { config, schema: { tags, params: IdParams, body: ReturnRequest, response: { 200: Purchase } } }, async (request) => {
    const by = actorOf(request);
    const { id } = request.params;
    const takeIn = () => purchases.return(id, request.body, by.staffId);
    if (purchases.has(request.body.id)) return takeIn();
    return audit.recording('purchase_returned', by, () => ({ customerId: purchases.customerOf(id), detail: { purchaseId: id, quantity: request.body.quantity } }), takeIn);
  });

  app.delete('/purchases/:id', {
    config, schema: { tags, summary: 'Written down by mistake: ten minutes ago at most by whoever asks, or in a visit that was somebody else\'s; a manager at any time', params: IdParams, response: { 204: Type.Null() } },
  }, async (request, reply) => {
    const by = actorOf(request);
    const { id } = request.params;
    audit.recording('purchase_taken_back', by, (customerId: string) => ({ customerId, detail: { purchaseId: id } }), () => purchases.takeBack(id, by.staffId, signedIn(request).session.staff.role === 'manager'));
    return reply.status(204).send(null);
  });

  app.post('/customers/:id/tickets', { config, schema: { tags, params: IdParams, body: TicketRequest, response: { 201: Ticket } } },
    async (request, reply) => reply.status(201).send(tickets.add(request.params.id, request.body, actorOf(request).staffId)));

  app.patch('/tickets/:id', { config, schema: { tags, params: IdParams, body: TicketChange, response: { 200: Ticket } } },
    async (request) => tickets.change(request.params.id, request.body));

  app.post('/customers/:id/appointments', { config, schema: { tags, params: IdParams, body: AppointmentRequest, response: { 201: Appointment } } },
    async (request, reply) => reply.status(201).send(appointments.add(request.params.id, request.body, actorOf(request).staffId)));

  app.patch('/appointments/:id', { config, schema: { tags, params: IdParams, body: AppointmentChange, response: { 200: Appointment } } },
    async (request) => appointments.change(request.params.id, request.body));

  app.get('/appointments', {
    config: { ...config, unattended: true }, // the board asks by itself
    schema: { tags, summary: 'Of one day of the store, with whom; default: today', querystring: AppointmentQuery, response: { 200: Type.Array(DayAppointment) } },
  }, async (request) => appointments.ofDay(request.query.day));
};
