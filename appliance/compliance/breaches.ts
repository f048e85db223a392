import { randomUUID } from 'node:crypto';
import type { Audit } from '../audit/index.js';
import { BREACH_KINDS, type Breach, type BreachRequest } from '../contract/index.js';
import { PorticoError, toInstant, type Clock } from '../kit/index.js';
import type { Database } from '../storage/index.js';
import type { Officer } from './modes.js';

type Kind = (typeof BREACH_KINDS)[number];
/** GDPR 33; PIPL 57 says at once. */
const NOTICE_WITHIN_MS = 72 * 3_600_000;
/** A page's clock may run a little before the box's. */
const FUTURE_TOLERANCE_MS = 5 * 60_000;

/** Somebody whose data may have got into other hands. */
export interface Affected { id: string; displayName: string; phone: string | null; kinds: Kind[] }
interface Row {
  id: string; drill: number; happened_from_ms: number; happened_to_ms: number; discovered_at_ms: number; kinds: string; cause: string; harm: string;
  measures: string; self_help: string; contact: string; affected: number; unreachable: number; by: string; at_ms: number;
}
const SELECT = 'SELECT breach.*, staff.name AS "by" FROM breach JOIN staff ON staff.id = staff_id';

/**
 * Of whom there was data of a kind in a time, as customers' ids. What was deleted since can only be told from the consents, which say
 * that it was there: then rather one too many is told than one too few.
 */
const OF_WHOM: Record<Kind, string> = {
  template: `SELECT customer_id FROM template, span WHERE made_at_ms <= ended UNION ${consented('recognise')}`,
  photo: `SELECT customer_id FROM kept_photo, span WHERE taken_at_ms <= ended UNION ${consented('keep_photo')}`,
  contact: 'SELECT id AS customer_id FROM customer, span WHERE created_at_ms <= ended',
  visits: 'SELECT customer_id FROM visit, span WHERE opened_at_ms <= ended',
  notes: `SELECT customer_id FROM note, span WHERE at_ms <= ended UNION SELECT customer_id FROM follow_up, span WHERE at_ms <= ended
    UNION SELECT customer_id FROM customer_line JOIN customer ON customer.id = customer_id, span WHERE created_at_ms <= ended`,
  purchases: 'SELECT customer_id FROM purchase, span WHERE at_ms <= ended',
  files: 'SELECT customer_id FROM file, span WHERE at_ms <= ended',
  signature: 'SELECT customer_id FROM consent, span WHERE given_at_ms <= ended',
};

/** Incidents and drills: what happened, whom it concerns, by when they have to be told. */
export class Breaches {
  readonly #deps: { db: Database; clock: Clock; audit: Audit };

  constructor(deps: { db: Database; clock: Clock; audit: Audit }) {
    this.#deps = deps;
  }

  /** @throws PorticoError breach_invalid */
  record(request: BreachRequest, by: Officer): Breach {
    const { db, clock, audit } = this.#deps;
    const now = clock.now();
    const [from, to, discovered] = [request.happenedFrom, request.happenedTo, request.discoveredAt].map((at) => Date.parse(at)) as [number, number, number];
    const latest = now + FUTURE_TOLERANCE_MS;
    if (from > to || to > latest || discovered > latest || discovered < from) throw new PorticoError('breach_invalid');
    const id = randomUUID();
    return db.transaction(() => {
      const affected = this.#affected(request.kinds, from, to);
      db.run(
        `INSERT INTO breach (id, drill, happened_from_ms, happened_to_ms, discovered_at_ms, kinds, cause, harm, measures, self_help, contact,
           affected, unreachable, staff_id, at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        id, request.drill ? 1 : 0, from, to, discovered, request.kinds.join(','), request.cause.trim(), request.harm.trim(), request.measures.trim(),
        request.selfHelp.trim(), request.contact.trim(), affected.length, affected.filter(({ phone }) => phone === null).length, by.staffId, now);
      audit.record('breach_recorded', by, { detail: { breachId: id, drill: request.drill, kinds: request.kinds.join(','), affected: affected.length } });
      return this.byId(id);
    });
  }

  /** @throws PorticoError breach_not_found */
  byId(id: string): Breach {
    const row = this.#deps.db.get<Row>(`${SELECT} WHERE breach.id = ?`, id);
    if (row === undefined) throw new PorticoError('breach_not_found');
    return toBreach(row);
  }

  /** Newest first. */
  all(): Breach[] {
    return this.#deps.db.all<Row>(`${SELECT} ORDER BY at_ms DESC, breach.rowid DESC`).map(toBreach);
  }

  /** Whom it concerns, as far as they are still known; whoever was erased since cannot be reached any more. @throws PorticoError breach_not_found */
  affected(id: string): Affected[] {
    const { kinds, happenedFrom, happenedTo } = this.byId(id);
    return this.#affected(kinds, Date.parse(happenedFrom), Date.parse(happenedTo));
  }

  /**
   * The same as a table for a spreadsheet: id, name, phone, kinds. Writing it out is put down, for it takes names out of the box.
   * @throws PorticoError breach_not_found
   */
  affectedCsv(id: string, by: Officer): string {
    const affected = this.affected(id);
    this.#deps.audit.record('breach_notices_made', by, { detail: { breachId: id, form: 'csv', affected: affected.length } });
    const lines = [['id', 'name', 'phone', 'kinds'], ...affected.map((each) => [each.id, each.displayName, each.phone ?? '', each.kinds.join(' ')])];
    return `\uFEFF${lines.map((line) => line.map(csvCell).join(',')).join('\r\n')}\r\n`; // without the mark Excel takes it for GBK
  }

  /** For the retention table. */
  readonly retention = {
    kind: 'breaches',
    count: (): number => this.#deps.db.get<{ n: number }>('SELECT count(*) AS n FROM breach')!.n,
    deleteBefore: (ms: number): number => this.#deps.db.run('DELETE FROM breach WHERE at_ms < ?', ms).changes,
  } as const;

  /** By name; of merged dossiers the one that is left. */
  #affected(kinds: readonly Kind[], fromMs: number, toMs: number): Affected[] {
    const { db } = this.#deps;
    const into = new Map(db.all<{ id: string; into: string }>('SELECT id, merged_into_id AS "into" FROM customer WHERE merged_into_id IS NOT NULL')
      .map((row) => [row.id, row.into]));
    const leftOf = (id: string): string => (into.has(id) ? leftOf(into.get(id)!) : id);
    const found = new Map<string, Set<Kind>>();
    for (const kind of BREACH_KINDS.filter((each) => kinds.includes(each))) {
      for (const { customer_id } of db.all<{ customer_id: string }>(`WITH span (began, ended) AS (VALUES (?, ?)) ${OF_WHOM[kind]}`, fromMs, toMs)) {
        const id = leftOf(customer_id);
        found.set(id, (found.get(id) ?? new Set()).add(kind));
      }
    }
    return db.all<{ id: string; displayName: string; phone: string | null }>(
      'SELECT id, display_name AS displayName, phone FROM customer WHERE merged_into_id IS NULL ORDER BY display_name, id')
      .flatMap((customer) => (found.has(customer.id) ? [{ ...customer, kinds: [...found.get(customer.id)!] }] : []));
  }
}

/** Whose consent to a purpose held at some moment of the time. */
function consented(purpose: 'recognise' | 'keep_photo'): string {
  return `SELECT customer_id FROM consent JOIN consent_purpose ON consent_id = consent.id, span
    WHERE purpose = '${purpose}' AND given_at_ms <= ended AND coalesce(ended_at_ms, ended) >= began`;
}

/** RFC 4180, and an apostrophe before what a spreadsheet would take for a formula. */
function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function toBreach(row: Row): Breach {
  return {
    id: row.id, drill: row.drill === 1, happenedFrom: toInstant(row.happened_from_ms), happenedTo: toInstant(row.happened_to_ms),
    discoveredAt: toInstant(row.discovered_at_ms), kinds: row.kinds.split(',') as Kind[], cause: row.cause, harm: row.harm, measures: row.measures,
    selfHelp: row.self_help, contact: row.contact, recordedAt: toInstant(row.at_ms), by: row.by, affected: row.affected, unreachable: row.unreachable,
    noticeDueAt: toInstant(row.discovered_at_ms + NOTICE_WITHIN_MS),
  };
}
