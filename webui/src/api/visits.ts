/** Every request about what happens in a visit, one line each. */
import type { HandOver, Rejection, StageChange, VisitCard } from '../contract.js';
import { call } from './client.js';

const id = encodeURIComponent;

export const visiting = {
  handOver: (visitId: string, to: HandOver) => call<VisitCard>('POST', `/visits/${id(visitId)}/hand-over`, { json: to }),
  setStage: (visitId: string, change: StageChange) => call<VisitCard>('POST', `/visits/${id(visitId)}/stages`, { json: change }),
  /** Under an id of its own, so that a request that is sent twice is one look. */
  look: (visitId: string, productId: string) => call<VisitCard>('POST', `/visits/${id(visitId)}/looks`, { json: { productId, id: crypto.randomUUID() } }),
  endLook: (lookId: string) => call<VisitCard>('POST', `/looks/${id(lookId)}/end`),
  takeBackLook: (lookId: string) => call<VisitCard>('DELETE', `/looks/${id(lookId)}`),
  notThisPerson: (visitId: string, keepalive = false) => call<Rejection>('POST', `/visits/${id(visitId)}/not-this-person`, { keepalive }),
} as const;
