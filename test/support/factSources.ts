/** What suggestions rest on, read straight from the tables, for tests of the room alone. */
import type { FactSources } from '../../appliance/greeting/index.js';
import { toInstant } from '../../appliance/kit/index.js';
import type { Database } from '../../appliance/storage/index.js';

type EndReason = ReturnType<FactSources['bought']>[number]['endReason'];
interface EvidenceRow { productId: string; category: string | null; brand: string | null; atMs: number; endReason: EndReason }

export function sqlSources(db: Database, mayKnow: Pick<FactSources, 'mayKnowTastes' | 'isRestricted'>): FactSources {
  return {
    ...mayKnow,
    readyTickets: (customerId) => db.all<{ id: string; subject: string; changed_at_ms: number }>(
      `SELECT id, subject, changed_at_ms FROM ticket WHERE customer_id = ? AND state = 'ready' ORDER BY changed_at_ms`, customerId)
      .map(({ changed_at_ms, ...ticket }) => ({ ...ticket, changedAt: toInstant(changed_at_ms) })),
    openWishes: (customerId) => db.all<{ id: string; product_id: string | null; text: string; at_ms: number; arrived: number | null }>(
      `SELECT wish.id, product_id, text, at_ms, CASE WHEN arrived_at_ms > at_ms AND in_stock = 1 THEN arrived_at_ms END AS arrived
       FROM wish LEFT JOIN product ON product.id = product_id WHERE customer_id = ? AND ended_at_ms IS NULL`, customerId)
      .map((row) => ({ id: row.id, productId: row.product_id, text: row.text, at: toInstant(row.at_ms), arrivedAt: row.arrived === null ? null : toInstant(row.arrived) })),
    plannedAppointments: (customerId, fromMs, toMs) => db.all<{ id: string; at_ms: number; minutes: number; subject: string; adviser_id: string | null; name: string | null; made_at_ms: number }>(
      `SELECT appointment.*, staff.name FROM appointment LEFT JOIN staff ON staff.id = adviser_id
       WHERE customer_id = ? AND at_ms BETWEEN ? AND ? AND state = 'planned' ORDER BY at_ms`, customerId, fromMs, toMs)
      .map((row) => ({
        id: row.id, at: toInstant(row.at_ms), minutes: row.minutes, subject: row.subject, madeAt: toInstant(row.made_at_ms),
        adviser: row.adviser_id === null ? null : { id: row.adviser_id, name: row.name! },
      })),
    statedLikes: (customerId) => db.all<{ text: string; atMs: number | null; by: string | null }>(
      `SELECT text, customer_line.at_ms AS atMs, staff.name AS by FROM customer_line LEFT JOIN staff ON staff.id = staff_id
       WHERE customer_id = ? AND kind = 'like' ORDER BY position`, customerId),
    dislikes: (customerId) => db.all<{ text: string }>(`SELECT text FROM customer_line WHERE customer_id = ? AND kind = 'dislike'`, customerId).map(({ text }) => text),
    bought: (customerId, sinceMs, limit) => db.all<EvidenceRow & { quantity: number; returned: number }>(
      `SELECT product.id AS productId, category, brand, at_ms AS atMs, end_reason AS endReason, quantity,
         (SELECT coalesce(sum(back.quantity), 0) FROM purchase AS back WHERE back.returns_id = purchase.id) AS returned
       FROM purchase JOIN product ON product.id = product_id LEFT JOIN visit ON visit.id = visit_id
       WHERE purchase.customer_id = ? AND at_ms > ? AND kind = 'purchase' ORDER BY at_ms DESC LIMIT ?`, customerId, sinceMs, limit),
    lookedAt: (customerId, sinceMs, limit) => db.all<EvidenceRow & { lookedMs: number }>(
      `SELECT product.id AS productId, category, brand, began_at_ms AS atMs, end_reason AS endReason, coalesce(ended_at_ms - began_at_ms, 0) AS lookedMs
       FROM visit JOIN look ON visit_id = visit.id JOIN product ON product.id = product_id WHERE customer_id = ? AND opened_at_ms > ?
       ORDER BY opened_at_ms DESC, began_at_ms DESC LIMIT ?`, customerId, sinceMs, limit),
    arrivals: (sinceMs, limit) => db.all<{ id: string; name: string; category: string | null; brand: string | null; arrived_at_ms: number }>(
      'SELECT id, name, category, brand, arrived_at_ms FROM product WHERE arrived_at_ms > ? AND in_stock = 1 AND removed_at_ms IS NULL ORDER BY arrived_at_ms DESC LIMIT ?', sinceMs, limit)
      .map(({ arrived_at_ms, ...product }) => ({ ...product, arrivedAt: toInstant(arrived_at_ms) })),
  };
}
