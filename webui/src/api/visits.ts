/** Every request about what happens in a visit, one line each. */
import type { HandOver, Rejection, VisitCard } from '../contract.js';
import { call } from './client.js';

const id = encodeURIComponent;

export const visiting = {
  handOver: (visitId: string, to: HandOver) => call<VisitCard>('POST', `/visits/${id(visitId)}/hand-over`, { json: to }),
  endLook: (lookId: string) => call<VisitCard>('POST', `/looks/${id(lookId)}/end`),
  takeBackLook: (lookId: string) => call<VisitCard>('DELETE', `/looks/${id(lookId)}`),
  notThisPerson: (visitId: string, keepalive = false) => call<Rejection>('POST', `/visits/${id(visitId)}/not-this-person`, { keepalive }),
} as const;
