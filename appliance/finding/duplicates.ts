import { DUPLICATE_STRENGTHS, type Duplicate } from '../contract/index.js';
import { Breath, PorticoError, type Clock } from '../kit/index.js';
import type { Database } from '../storage/index.js';
import { keysOf, likeness, strengthOf, type Likeable } from './likeness.js';
import { readingsOf } from './pinyin.js';
import { headsOf, lineOf, type FoundLine } from './search.js';

/** Pairs that are told of; who has worked these off asks again. */
const PAIRS_MAX = 50;
/** Pairs of each strength that are kept while looking. */
const KEPT_MAX = 2_000;
/** Of one key: more namesakes than these are no duplicates but a common name. */
const GROUP_MAX = 40;
const CHUNK = 200;
const CHINESE = /^[\p{Script=Han}\s·•]+$/u;
/** A look through the store holds for so many times as long as it took: at most a hundredth of the box's time goes into it. */
const HOLDS_TIMES = 100;

type Kept = Record<Duplicate['strength'], Map<string, Pair>>;
interface Pair { a: string; b: string; reasons: Duplicate['reasons']; strength: Duplicate['strength'] }
export type FoundPair = Omit<Duplicate, 'a' | 'b'> & { a: FoundLine; b: FoundLine };
interface PersonRow {
  row: number; id: string; display_name: string; phone: string | null; email: string | null; wechat: string | null; month: number | null; day: number | null; year: number | null;
}

/** Pairs of dossiers that may be one person's. */
export class Duplicates {
  readonly #db: Database;
  readonly #clock: Clock;
  #looking: Promise<readonly Pair[]> | null = null;
  #seen: { pairs: readonly Pair[]; untilMs: number } | null = null;

  constructor(deps: { db: Database; clock: Clock }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
  }

  /** The surest first; without those that were merged or dismissed since. A look through a large store takes some seconds, in breaths. */
  async find(): Promise<FoundPair[]> {
    const pairs = await this.#pairs();
    const found: FoundPair[] = [];
    for (const { a, b, reasons, strength } of pairs) {
      if (found.length === PAIRS_MAX) break;
      const heads = headsOf(this.#db, [a, b]).filter(({ id, start }) => id === start);
      if (heads.length < 2 || this.#isDismissed(a, b)) continue;
      const line = (id: string) => lineOf(heads.find((head) => head.id === id)!, null);
      found.push({ a: line(a), b: line(b), reasons, strength });
    }
    return found;
  }

  /** Two people. Safe to repeat. @throws PorticoError customer_not_found, merge_invalid: the same one twice */
  dismiss(one: string, other: string, staffId: string): void {
    if (one === other) throw new PorticoError('merge_invalid');
    const [a, b] = [one, other].sort() as [string, string];
    this.#db.transaction(() => {
      for (const id of [a, b]) if (this.#db.get('SELECT 1 FROM customer WHERE id = ?', id) === undefined) throw new PorticoError('customer_not_found');
      this.#db.run('INSERT INTO duplicate_dismissed (a, b, staff_id, at_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING', a, b, staffId, this.#clock.now());
    });
  }

  erase(customerId: string): void {
    this.#db.run('DELETE FROM duplicate_dismissed WHERE ? IN (a, b)', customerId);
  }

  #isDismissed(a: string, b: string): boolean {
    return this.#db.get('SELECT 1 FROM duplicate_dismissed WHERE a = ? AND b = ?', ...[a, b].sort() as [string, string]) !== undefined;
  }

  async #pairs(): Promise<readonly Pair[]> {
    // Not by the clock on the wall, which may be set.
    const beganMs = performance.now();
    if (this.#seen !== null && beganMs < this.#seen.untilMs) return this.#seen.pairs;
    this.#looking ??= this.#look().finally(() => { this.#looking = null; });
    const pairs = await this.#looking;
    const endedMs = performance.now();
    this.#seen = { pairs, untilMs: endedMs + (endedMs - beganMs) * HOLDS_TIMES };
    return pairs;
  }

  async #look(): Promise<readonly Pair[]> {
    const breath = new Breath();
    const byKey = new Map<string, Likeable[]>();
    const pairs: Kept = { sure: new Map(), maybe: new Map(), shared: new Map() };
    for (let after = 0; ;) {
      const rows = this.#db.all<PersonRow>(
        `SELECT customer.rowid AS row, customer.id, display_name, phone, email, wechat, month, customer_date.day, year FROM customer
         LEFT JOIN customer_date ON customer_id = customer.id AND kind = 'birthday'
         WHERE customer.rowid > ? AND merged_into_id IS NULL ORDER BY customer.rowid LIMIT ?`, after, CHUNK);
      if (rows.length === 0) break;
      after = rows.at(-1)!.row;
      for (const row of rows) {
        this.#compare(personOf(row), byKey, pairs);
        await breath.taken();
      }
    }
    return DUPLICATE_STRENGTHS.flatMap((strength) => [...pairs[strength].values()].sort((x, y) => y.reasons.length - x.reasons.length));
  }

  #compare(person: Likeable, byKey: Map<string, Likeable[]>, pairs: Kept): void {
    for (const key of keysOf(person)) {
      const others = byKey.get(key);
      if (others === undefined) {
        byKey.set(key, [person]);
        continue;
      }
      for (const other of others) {
        const name = `${other.id} ${person.id}`;
        if (other.id === person.id) continue;
        const reasons = likeness(other, person);
        const strength = strengthOf(reasons, other, person);
        if (strength !== null && pairs[strength].size < KEPT_MAX) pairs[strength].set(name, { a: other.id, b: person.id, reasons, strength });
      }
      if (others.length < GROUP_MAX) others.push(person);
    }
  }
}

function personOf(row: PersonRow): Likeable {
  // 王Amy and 王Bob are read alike only in part.
  const sound = CHINESE.test(row.display_name) ? readingsOf(row.display_name)[0]?.join(' ') ?? null : null;
  const day = row.month === null ? null : `${String(row.month).padStart(2, '0')}-${String(row.day).padStart(2, '0')}`;
  return { id: row.id, name: row.display_name, sound, phone: row.phone, email: row.email, wechat: row.wechat, birthday: day === null ? null : { day, year: row.year } };
}
