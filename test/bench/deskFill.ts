/**
 * Fills a box's own encrypted file with a made-up store of years: by SQL, in one transaction for each table, the same in every
 * run but for the day it is made on. Rows lie in the order of time, so those of one customer are scattered, as they are in a store.
 */
import { systemClock } from '../../appliance/kit/index.js';
import { openStorage, type Database, type Value } from '../../appliance/storage/index.js';
import {
  ALLERGIES, BRANDS, CATEGORIES, DIALS, DISLIKES, DO_NOT, FACTS, LIKES, MATERIALS, noteText, oneOf, personName, phoneNumber, TIERS, type Random,
} from './deskWords.js';
import { seededRandom } from './random.js';

export interface DeskSize { customers: number; visits: number }
/** What a page that asks can know of the store. */
export interface Desk {
  /** Customers of few rows, and those of 500 visits. */
  few: readonly string[];
  many: readonly string[];
  names: readonly string[];
  phoneTails: readonly string[];
  memberNumbers: readonly string[];
  /** The name of the customer who was written last. */
  lastName: string;
}

export const OPEN_VISITS = 60;
export const REGULAR_VISITS = 500;
const REGULARS = 20;
/** How many of a kind a page can ask for. */
const SOME = 300;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** Within the term of visits and notes. */
const HISTORY_DAYS = 720;
/** Of 4 KiB: what SQLite may keep while it writes, 512 MiB. */
const CACHE_KIB = 524_288;

/** @param size at least 1,000 customers and 20,000 visits */
export function fillDesk(dataDirectory: string, { customers, visits }: DeskSize, say: (text: string) => void): Desk {
  const { db, close } = openStorage({ dataDirectory, credentialsDirectory: null, maxBytes: null, clock: systemClock });
  try {
    const draw = seededRandom(5);
    const world = new World(db, draw, customers);
    const kept = db.all<{ type: string; name: string; sql: string }>(
      `SELECT type, name, sql FROM main.sqlite_master WHERE type IN ('trigger', 'index') AND sql IS NOT NULL`);
    for (const pragma of ['foreign_keys = OFF', 'main.journal_mode = MEMORY', 'main.synchronous = OFF', `main.cache_size = -${CACHE_KIB}`]) db.pragma(pragma);
    for (const { type, name } of kept) db.exec(`DROP ${type} main."${name}"`);
    const steps: readonly (readonly [string, () => void])[] = [
      ['customers', () => world.people()], ['products', () => world.products()], ['own fields', () => world.fields()],
      ['visits', () => world.visits(visits)], ['notes and follow-ups', () => world.notes()], ['wishes, purchases, tickets, appointments', () => world.dealings()],
      ['consents', () => world.consents()], ['who is in the store now', () => world.present()],
    ];
    for (const [name, step] of steps) {
      say(`seeding: ${name}`);
      db.transaction(step);
    }
    say('seeding: indices');
    for (const { sql } of kept) db.exec(sql);
    db.run('UPDATE customer SET last_contact_ms = max(last_contact_ms, coalesce((SELECT max(opened_at_ms) FROM visit WHERE customer_id = customer.id), 0)) WHERE true');
    markStale(db);
    const astray = db.all('SELECT * FROM pragma_foreign_key_check LIMIT 1');
    if (astray.length > 0) throw new Error(`a row of the seeded store refers to nothing: ${JSON.stringify(astray[0])}`);
    return world.desk();
  } finally {
    close();
  }
}

/** What the triggers would have written down: that the words of these rows are not in the search's index yet. */
function markStale(db: Database): void {
  if (db.get(`SELECT 1 FROM main.sqlite_master WHERE name = 'search_stale'`) === undefined) return;
  db.transaction(() => {
    for (const [kind, rows] of [['dossier', 'id FROM customer ORDER BY id'], ['note', 'id FROM note ORDER BY id'], ['fields', 'customer_id FROM field_value GROUP BY customer_id']] as const) {
      db.run(`INSERT INTO search_stale (is_new, kind, row_id) SELECT 1, '${kind}', ${rows}`);
    }
  });
}

class World {
  readonly #db: Database;
  readonly #random: Random;
  readonly #now = Date.now();
  readonly #count: number;
  readonly #ids: string[] = [];
  readonly #names: string[] = [];
  readonly #phones: (string | null)[] = [];
  readonly #products: { id: string; name: string; priceMinor: number }[] = [];
  readonly #staff: readonly string[];
  /** The newest visits, for what happened in them. */
  #recentVisits: { id: string; atMs: number }[] = [];

  constructor(db: Database, random: Random, customers: number) {
    this.#db = db;
    this.#random = random;
    this.#count = customers;
    this.#staff = db.all<{ id: string }>('SELECT id FROM staff ORDER BY rowid').map(({ id }) => id);
  }

  desk(): Desk {
    // Of the half that comes seldom.
    const step = Math.floor(this.#count / 2 / SOME);
    const some = Array.from({ length: SOME }, (_, i) => Math.floor(this.#count / 2) + i * step).map((at) => (isMerged(at) ? at + 1 : at));
    return {
      many: this.#ids.slice(0, REGULARS), few: some.map((at) => this.#ids[at]!), names: some.map((at) => this.#names[at]!),
      phoneTails: some.flatMap((at) => this.#phones[at]?.slice(-4) ?? []), memberNumbers: some.map(memberNo), lastName: this.#names.at(-1)!,
    };
  }

  people(): void {
    const random = this.#random;
    const customer = this.#insert('customer', 'id, display_name, salutation, phone, tier, created_at_ms, last_contact_ms, member_no, points, email, wechat, contact_by, contact_never');
    const line = this.#insert('customer_line', 'customer_id, kind, position, label, text, at_ms, staff_id');
    const date = this.#insert('customer_date', 'customer_id, position, kind, month, day, year');
    const companion = this.#insert('companion', 'customer_id, position, name, relation, other_id');
    for (let i = 0; i < this.#count; i++) {
      const id = this.#id();
      const last = i === this.#count - 1;
      const { surname, name } = last ? { surname: '末', name: '末位顾客' } : personName(random);
      // A couple now and then has one number.
      const phone = random() < 0.015 && i > 0 ? this.#phones[i - 1]! : random() < 0.92 ? phoneNumber(random) : null;
      const madeMs = this.#now - (HISTORY_DAYS + 2 + random() * 300) * DAY_MS;
      customer(id, name, `${surname}${random() < 0.5 ? '女士' : '先生'}`, phone, random() < 0.6 ? oneOf(TIERS, random) : null, madeMs, madeMs, memberNo(i),
        Math.floor(random() * 50_000), random() < 0.2 ? `c${i}@example.com` : null, random() < 0.5 ? `wx_${i}` : null, random() < 0.5 ? 'wechat,phone' : '', random() < 0.03 ? 1 : 0);
      const lines = (kind: string, share: number, most: number, texts: readonly string[]) => {
        if (random() >= share) return;
        const first = Math.floor(random() * texts.length);
        const count = 1 + Math.floor(random() * most);
        for (let at = 0; at < Math.min(count, texts.length); at++) line(id, kind, at, null, texts[(first + at) % texts.length]!, madeMs, this.#anyone());
      };
      lines('fact', 0.6, 3, FACTS);
      lines('do_not', 0.1, 2, DO_NOT);
      lines('allergy', 0.03, 1, ALLERGIES);
      lines('like', 0.3, 3, LIKES);
      lines('dislike', 0.06, 2, DISLIKES);
      if (random() < 0.4) line(id, 'size', 0, '腕围', `${(14 + random() * 5).toFixed(1)} 厘米`, madeMs, this.#anyone());
      if (random() < 0.5) date(id, 0, 'birthday', 1 + Math.floor(random() * 12), 1 + Math.floor(random() * 28), 1950 + Math.floor(random() * 55));
      if (random() < 0.05 && i > 0) companion(id, 0, this.#names[i - 1]!, '家人', this.#ids[i - 1]!);
      this.#ids.push(id);
      this.#names.push(name);
      this.#phones.push(phone);
    }
    // One dossier in two hundred was merged into its neighbour's.
    const merge = this.#insert('customer_merge', 'id, from_id, into_id, staff_id, at_ms');
    for (let i = 0; i < this.#count - 1; i++) {
      if (!isMerged(i)) continue;
      merge(this.#id(), this.#ids[i]!, this.#ids[i + 1]!, this.#anyone(), this.#now - random() * HISTORY_DAYS * DAY_MS);
      this.#db.run('UPDATE customer SET merged_into_id = ? WHERE id = ?', this.#ids[i + 1]!, this.#ids[i]!);
    }
  }

  products(): void {
    const random = this.#random;
    const product = this.#insert('product', 'id, sku, name, category, brand, price_minor, barcode, in_stock, arrived_at_ms, changed_at_ms');
    for (let i = 0; i < this.#count / 5; i++) {
      const id = this.#id();
      const [brand, category] = [oneOf(BRANDS, random), oneOf(CATEGORIES, random)];
      const name = `${brand} ${oneOf(MATERIALS, random)}${oneOf(DIALS, random)}${category} ${28 + Math.floor(random() * 18)} 毫米`;
      const priceMinor = 100 * Math.floor(500 + 80_000 * random() ** 3);
      const arrivedMs = random() < 0.5 ? this.#now - random() * 90 * DAY_MS : null;
      product(id, `SKU-${String(i).padStart(6, '0')}`, name, category, brand, priceMinor, String(6_900_000_000_000 + i), random() < 0.8 ? 1 : 0, arrivedMs, this.#now);
      this.#products.push({ id, name, priceMinor });
    }
  }

  /** Three sections of four fields, three values a customer. */
  fields(): void {
    const random = this.#random;
    const section = this.#insert('field_section', 'id, name_zh, name_en, position');
    const field = this.#insert('field', 'id, section_id, name_zh, name_en, kind, required, visible_to, position');
    const option = this.#insert('field_option', 'id, field_id, name_zh, name_en, position');
    const value = this.#insert('field_value', 'customer_id, field_id, text_value, number_value, money_minor, day_value, yes_value, product_id, at_ms, staff_id');
    const choice = this.#insert('field_choice', 'customer_id, field_id, option_id');
    const kinds = ['text', 'number', 'money', 'date', 'choice', 'choices', 'yes_no', 'product'] as const;
    const fields: { id: string; kind: (typeof kinds)[number]; options: string[] }[] = [];
    for (let s = 0; s < 3; s++) {
      const sectionId = this.#id();
      section(sectionId, `栏目 ${s + 1}`, `Section ${s + 1}`, s);
      for (let f = 0; f < 4; f++) {
        const kind = kinds[(s * 4 + f) % kinds.length]!;
        const id = this.#id();
        field(id, sectionId, `栏 ${s + 1}.${f + 1}`, `Field ${s + 1}.${f + 1}`, kind, 0, 'everybody', f);
        const options = kind.startsWith('choice') ? LIKES.map((_, at) => `${at}`).map(() => this.#id()) : [];
        for (const [at, optionId] of options.entries()) option(optionId, id, LIKES[at]!, `Option ${at + 1}`, at);
        fields.push({ id, kind, options });
      }
    }
    for (const customerId of this.#ids) {
      const first = Math.floor(random() * fields.length);
      for (let v = 0; v < 3; v++) {
        const { id, kind, options } = fields[(first + v * 5) % fields.length]!;
        const only = (its: string, is: Value) => (its === kind ? is : null);
        value(customerId, id, only('text', `${oneOf(SUBJECT_WORDS, random)}${oneOf(LIKES, random)}`), only('number', Math.round(140 + random() * 60) / 10),
          only('money', 100_000 * Math.floor(random() * 500)), only('date', day(this.#now - random() * HISTORY_DAYS * DAY_MS)), only('yes_no', random() < 0.5 ? 1 : 0),
          only('product', oneOf(this.#products, random).id), this.#now - random() * HISTORY_DAYS * DAY_MS, this.#anyone());
        if (options.length > 0) choice(customerId, id, oneOf(options, random));
      }
    }
  }

  /** The twenty regulars have 500 each; of the others some come often and most seldom. The newest were served, marked and shown things. */
  visits(count: number): void {
    const random = this.#random;
    const visit = this.#insert('visit', 'id, customer_id, opened_at_ms, last_seen_at_ms, closed_at_ms, end_reason, arrival, score, adviser_id');
    const service = this.#insert('visit_service', 'id, visit_id, staff_id, from_ms, to_ms');
    const stage = this.#insert('visit_stage', 'visit_id, stage, at_ms, staff_id');
    const look = this.#insert('look', 'id, visit_id, product_id, began_at_ms, ended_at_ms, staff_id');
    const stride = Math.floor(count / (REGULARS * REGULAR_VISITS));
    for (let i = 0; i < count; i++) {
      const id = this.#id();
      // Until yesterday.
      const openedMs = Math.floor(this.#now - DAY_MS - HISTORY_DAYS * DAY_MS * (1 - i / count));
      const closedMs = openedMs + Math.floor((5 + random() * 85) * MINUTE_MS);
      const regular = stride > 0 && i % stride === 0 && i / stride < REGULARS * REGULAR_VISITS;
      const at = regular ? (i / stride) % REGULARS : this.#someCustomer();
      const known = random() < 0.3;
      const adviser = random() < 0.7 ? this.#anyone() : null;
      visit(id, this.#ids[at]!, openedMs, closedMs, closedMs, random() < 0.99 ? 'left' : 'not_this_person',
        known ? 'recognised' : 'by_hand', known ? 0.4 + random() * 0.4 : null, adviser);
      if (i < count * 0.7) continue;
      if (adviser !== null) service(this.#id(), id, adviser, openedMs + MINUTE_MS, closedMs);
      stage(id, 'discover', openedMs, null);
      if (random() < 0.5) stage(id, 'attract', openedMs + 5 * MINUTE_MS, adviser ?? this.#anyone());
      for (let n = Math.floor(random() * 3); n > 0; n--) {
        look(this.#id(), id, oneOf(this.#products, random).id, openedMs + n * MINUTE_MS, openedMs + (n + 3) * MINUTE_MS, adviser ?? this.#anyone());
      }
      if (random() < 0.1) this.#recentVisits.push({ id, atMs: closedMs });
    }
  }

  notes(): void {
    const random = this.#random;
    const note = this.#insert('note', 'id, customer_id, text, author_id, at_ms');
    const count = this.#count * 3;
    for (let i = 0; i < count; i++) {
      note(this.#id(), this.#ids[random() < 0.01 ? Math.floor(random() * REGULARS) : this.#someCustomer()]!, noteText(random), this.#anyone(), this.#past(i / count));
    }
    const followUp = this.#insert('follow_up', 'id, customer_id, text, due_on, author_id, at_ms, done_at_ms');
    for (let i = 0; i < this.#count * 0.6; i++) {
      const atMs = this.#past(i / (this.#count * 0.6));
      followUp(this.#id(), this.#ids[this.#someCustomer()]!, `联系：${noteText(random).slice(0, 40)}`, day(atMs + 30 * DAY_MS), this.#anyone(), atMs,
        random() < 0.7 ? Math.min(atMs + 20 * DAY_MS, this.#now) : null);
    }
  }

  dealings(): void {
    const random = this.#random;
    const wish = this.#insert('wish', 'id, customer_id, product_id, text, staff_id, at_ms, ended_at_ms, outcome');
    const each = (count: number, make: (customerId: string, atMs: number, i: number) => void) => {
      for (let i = 0; i < count; i++) make(this.#ids[random() < 0.005 ? Math.floor(random() * REGULARS) : this.#someCustomer()]!, this.#past(i / count), i);
    };
    each(this.#count, (customerId, atMs) => {
      const product = random() < 0.7 ? oneOf(this.#products, random) : null;
      const ended = random() < 0.4;
      wish(this.#id(), customerId, product?.id ?? null, product?.name ?? oneOf(LIKES, random), this.#anyone(), atMs,
        ended ? Math.min(atMs + 40 * DAY_MS, this.#now) : null, ended ? 'bought' : null);
    });
    const purchase = this.#insert('purchase', 'id, customer_id, visit_id, kind, returns_id, product_id, text, quantity, amount_minor, receipt_no, staff_id, at_ms');
    const recent = this.#recentVisits;
    each(this.#count * 2, (customerId, atMs, i) => {
      const { id: productId, name, priceMinor } = oneOf(this.#products, random);
      const id = this.#id();
      purchase(id, customerId, null, 'purchase', null, productId, name, 1, priceMinor, `R${i}`, this.#anyone(), atMs);
      if (random() < 0.02) purchase(this.#id(), customerId, null, 'return', id, productId, name, 1, priceMinor, null, this.#anyone(), Math.min(atMs + 5 * DAY_MS, this.#now));
    });
    // What was bought in a visit, as far as it is known in which.
    for (const { id } of recent) {
      const { id: productId, name, priceMinor } = oneOf(this.#products, random);
      this.#db.run(
        `INSERT INTO purchase (id, customer_id, visit_id, kind, product_id, text, quantity, amount_minor, staff_id, at_ms)
         SELECT ?, customer_id, id, 'purchase', ?, ?, 1, ?, ?, closed_at_ms FROM visit WHERE id = ?`, this.#id(), productId, name, priceMinor, this.#anyone(), id);
    }
    const ticket = this.#insert('ticket', 'id, customer_id, subject, detail, state, due_on, staff_id, at_ms, changed_at_ms, done_at_ms');
    each(this.#count * 0.4, (customerId, atMs) => {
      const state = random() < 0.9 ? 'done' : oneOf(['open', 'waiting', 'ready'], random);
      const changedMs = Math.min(atMs + 14 * DAY_MS, this.#now);
      ticket(this.#id(), customerId, oneOf(['更换电池', '走时调校', '表带截短', '防水检测', '全套保养'], random), noteText(random), state, day(changedMs),
        this.#anyone(), atMs, changedMs, state === 'done' ? changedMs : null);
    });
    const appointment = this.#insert('appointment', 'id, customer_id, at_ms, minutes, subject, adviser_id, state, staff_id, made_at_ms');
    each(this.#count * 0.3, (customerId, atMs) => {
      const planned = atMs > this.#now - 7 * DAY_MS;
      appointment(this.#id(), customerId, planned ? atMs + 7 * DAY_MS : atMs, 30, oneOf(['取表', '试戴新款', '保养'], random), this.#anyone(),
        planned ? 'planned' : 'kept', this.#anyone(), atMs - 2 * DAY_MS);
    });
  }

  /** Three in ten signed; as the bench's own customer did, who is in the file already. */
  consents(): void {
    for (let i = 0; i < this.#count * 0.3; i++) {
      const id = this.#id();
      this.#db.run(
        `INSERT INTO consent (id, customer_id, notice_id, notice_hash, language, given_at_ms, valid_until, staff_id, device_id, signature, purposes_given)
         SELECT ?, ?, notice_id, notice_hash, language, given_at_ms, valid_until, staff_id, device_id, signature, purposes_given FROM consent WHERE rowid = 1`,
        id, this.#ids[i]!);
      this.#db.run('INSERT INTO consent_purpose (consent_id, purpose) SELECT ?, purpose FROM consent_purpose WHERE consent_id = (SELECT id FROM consent WHERE rowid = 1)', id);
    }
  }

  /** Five regulars and others who come often; half of them have something waiting. */
  present(): void {
    const random = this.#random;
    const visit = this.#insert('visit', 'id, customer_id, opened_at_ms, last_seen_at_ms, arrival, score, adviser_id');
    const service = this.#insert('visit_service', 'id, visit_id, staff_id, from_ms');
    const stage = this.#insert('visit_stage', 'visit_id, stage, at_ms');
    const look = this.#insert('look', 'id, visit_id, product_id, began_at_ms, staff_id');
    const ticket = this.#insert('ticket', 'id, customer_id, subject, detail, state, staff_id, at_ms, changed_at_ms');
    const followUp = this.#insert('follow_up', 'id, customer_id, text, due_on, author_id, at_ms');
    for (let i = 0; i < OPEN_VISITS; i++) {
      const id = this.#id();
      const customerId = this.#ids[i < 5 ? i : REGULARS + 2 * i]!; // none that was merged
      const openedMs = Math.floor(this.#now - random() * 90 * MINUTE_MS);
      const adviser = i % 2 === 0 ? this.#anyone() : null;
      visit(id, customerId, openedMs, this.#now, i % 3 === 0 ? 'recognised' : 'by_hand', i % 3 === 0 ? 0.6 : null, adviser);
      stage(id, 'discover', openedMs);
      if (adviser !== null) service(this.#id(), id, adviser, openedMs);
      for (let n = 0; n < 3; n++) look(this.#id(), id, oneOf(this.#products, random).id, openedMs + n * MINUTE_MS, this.#anyone());
      if (i % 4 === 0) ticket(this.#id(), customerId, '走时调校', '', 'ready', this.#anyone(), this.#now - 9 * DAY_MS, this.#now - DAY_MS);
      if (i % 4 === 1) followUp(this.#id(), customerId, '短款表带到货后请来试', day(this.#now), this.#anyone(), this.#now - 9 * DAY_MS);
    }
  }

  #insert(table: string, columns: string): (...values: Value[]) => void {
    const sql = `INSERT INTO ${table} (${columns}) VALUES (${columns.split(',').map(() => '?').join(', ')})`;
    // Instants are whole milliseconds.
    return (...values) => void this.#db.run(sql, ...values.map((value) => (typeof value === 'number' && value > 1e12 ? Math.floor(value) : value)));
  }

  /** Some come often, most seldom: the more often, the further in front. Never one of the regulars. */
  #someCustomer(): number {
    return REGULARS + Math.floor((this.#count - REGULARS) * this.#random() ** 1.5);
  }

  #past(share: number): number {
    return Math.floor(this.#now - DAY_MS - HISTORY_DAYS * DAY_MS * (1 - share));
  }

  #anyone(): string {
    return oneOf(this.#staff, this.#random);
  }

  /** A UUID of version 4. */
  #id(): string {
    const digits = () => Math.floor(this.#random() * 4_294_967_296).toString(16).padStart(8, '0');
    const [a, b, c, d] = [digits(), digits(), digits(), digits()];
    return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-8${c.slice(1, 4)}-${c.slice(4)}${d}`;
  }
}

const SUBJECT_WORDS = ['偏爱', '收藏', '常戴', '想要'] as const;
const isMerged = (i: number): boolean => i % 200 === REGULARS + 1;
const memberNo = (i: number): string => `M${String(100_000 + i)}`;
const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
