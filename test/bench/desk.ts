/**
 * How fast the desk answers in a store of years: board, search, dossiers and writing. A real box process on a real encrypted file,
 * asked over real TLS by signed-in iPads, one request at a time; timed in the box, from a request's head read to its answer handed to
 * the system. The board is timed by the iPad: from dialling to the snapshot read.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CustomerSummary, Dossier, StaffMember, VisitCard } from '../../appliance/contract/index.js';
import { openForReading } from '../../appliance/storage/index.js';
import { PorticoClient } from '../../demo/client.js';
import { findFreePort } from '../../demo/freePort.js';
import { Child } from './child.js';
import { fillDesk, OPEN_VISITS, type Desk, type DeskSize } from './deskFill.js';
import { measureFloor } from './deskFloor.js';
import { percentile, round } from './statistics.js';

/** Of each kind of request. */
const RUNS = 300;
const WARM_UP = 10;
const PIN = '271828';
/** The box takes 1,500 requests a minute from one address; each iPad has its own. Other systems than these have one loopback address. */
const IPADS = ['linux', 'win32'].includes(process.platform) ? ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5', '127.0.0.6'] : ['127.0.0.1'];
const APART_MS = 60_000 / 1_400 / IPADS.length;
/** The index of what is searched may be made after the box is ready. */
const INDEX_DEADLINE_MS = 600_000;

const SURNAMES = ['王', '李', '张', '刘', '陈', '杨', '欧阳'];
const INITIALS = ['wf', 'lxm', 'zw', 'ly', 'chenj', 'zm', 'yt', 'oy'];
const PINYIN = ['wangwei', 'lina', 'zhangmin', 'liuyang', 'chenjing', 'yangli', 'ouyang', 'zhaojianguo'];
const NOTE_WORDS = ['掐丝珐琅', '鳄鱼皮', '陨石盘', '游泳', '保养周期', '走时偏快', '刻字'];
const NO_HIT = ['没有此人', 'zzqxv', '龘龘', '0000000000000'];

interface Request { ipad: PorticoClient; method: 'GET' | 'POST' | 'PATCH' | 'DELETE'; path: string; body?: object }

export async function measureDesk({ scratch, size, say }: { scratch: string; size: DeskSize; say(text: string): void }) {
  const store = await DeskStore.make(scratch);
  const seedingAt = performance.now();
  const desk = fillDesk(store.folder, size, say);
  const seedS = seconds(seedingAt);
  say(`seeded in ${seedS} s; the box starts on it`);
  const indexS = await store.started(() => store.indexed(desk));
  say(`all was found ${indexS} s after the box`);

  const startingAt = performance.now();
  return store.started(async (box) => {
    const readyS = seconds(startingAt);
    await box.ask('watchRequests');
    const asked = new Asked(box);
    for (let i = -WARM_UP; i < RUNS; i++) {
      if (i % 50 === 0) say(`desk ${i} of ${RUNS}`);
      for (const [kind, request] of Object.entries(requests(store.ipads, desk, i + WARM_UP))) {
        const answer = await asked.ask(i < 0 ? null : kind, request);
        if (kind === 'create') await asked.ask(i < 0 ? null : 'erase', { ipad: store.officer!, method: 'DELETE', path: `/customers/${(answer as Dossier).id}` });
        if (kind === 'write_visit') await asked.ask(i < 0 ? null : 'write_close', { ...request, path: `/visits/${(answer as VisitCard).visitId}/close` });
      }
      await asked.board(i < 0 ? null : 'board', store.ipads[0]!);
    }
    const { served, seen } = await asked.samples();
    const share = (of: Record<string, number[]>, at: number) => Object.fromEntries(Object.entries(of).map(([kind, samples]) => [kind, round(percentile(samples, at), 2)]));
    const { empty_route: emptyRoute, ...p95 } = share(served, 0.95);
    return {
      desk_ms: p95, desk_p50_ms: share(served, 0.5), desk_p99_ms: share(served, 0.99), desk_client_ms: share(seen, 0.95),
      desk_floor_ms: { empty_route: emptyRoute, ...measureFloor(store.folder, desk, RUNS) },
      desk_ready_s: readyS, desk_index_s: indexS, desk_seed_s: seedS, desk_rss_mb: round((await box.ask('residentBytes')) / 1_048_576, 0),
      desk_store: { customers: size.customers, visits: size.visits, open_visits: OPEN_VISITS },
    };
  });
}

/** The i-th of each kind. */
function requests(ipads: readonly PorticoClient[], desk: Desk, i: number): Record<string, Request> {
  const ipad = ipads[i % ipads.length]!;
  const nth = <T>(list: readonly T[]): T => list[i % list.length]!;
  const get = (path: string): Request => ({ ipad, method: 'GET', path });
  const search = (query: string) => get(`/customers?query=${encodeURIComponent(query)}`);
  return {
    empty_route: get('/box'), session: get('/sessions/current'),
    search_two_characters: search(nth(desk.names).slice(-2)), search_surname: search(nth(SURNAMES)), search_initials: search(nth(INITIALS)), search_pinyin: search(nth(PINYIN)),
    search_phone_tail: search(nth(desk.phoneTails)), search_member_no: search(nth(desk.memberNumbers)), search_note: search(nth(NOTE_WORDS)), search_none: search(nth(NO_HIT)),
    dossier_few: get(`/customers/${nth(desk.few)}`), dossier_500_visits: get(`/customers/${nth(desk.many)}`),
    write_note: { ipad, method: 'POST', path: `/customers/${nth(desk.few)}/notes`, body: { text: `看过 ${i} 号表，下次再来。` } },
    patch: { ipad, method: 'PATCH', path: `/customers/${nth(desk.few)}`, body: { phone: `199${String(10_000_000 + i)}` } },
    create: { ipad, method: 'POST', path: '/customers', body: { displayName: `新客${i}`, phone: `198${String(10_000_000 + i)}` } },
    write_visit: { ipad, method: 'POST', path: '/visits', body: { customerId: nth(desk.few) } },
  };
}

/** Asks one at a time and keeps how long each took, in the box and as seen from outside. */
class Asked {
  readonly #box: Child;
  /** The kind of each request in the order of asking; null: not counted. */
  readonly #kinds: (string | null)[] = [];
  readonly #served: Record<string, number[]> = {};
  readonly #seen: Record<string, number[]> = {};
  #nextAtMs = 0;

  constructor(box: Child) {
    this.#box = box;
  }

  async ask(kind: string | null, { ipad, method, path, body }: Request): Promise<unknown> {
    await this.#turn();
    this.#kinds.push(kind);
    const askedMs = performance.now();
    const answer = await ipad.call(method, path, body);
    if (kind !== null) (this.#seen[kind] ??= []).push(performance.now() - askedMs);
    return answer;
  }

  async board(kind: string | null, ipad: PorticoClient): Promise<void> {
    await this.#turn();
    const askedMs = performance.now();
    const page = ipad.live();
    const { data } = await page.nextOf('live.snapshot');
    const tookMs = performance.now() - askedMs;
    page.close();
    await page.closed;
    if (data.visits.length < OPEN_VISITS) throw new Error(`the board shows ${data.visits.length} visits, not ${OPEN_VISITS}`);
    if (kind !== null) (this.#served[kind] ??= []).push(tookMs);
  }

  async samples(): Promise<{ served: Record<string, number[]>; seen: Record<string, number[]> }> {
    for (const [n, kind] of this.#kinds.entries()) {
      if (kind === null) continue;
      const ms = await this.#box.ask('requestMs', n);
      if (ms < 0) throw new Error('the box did not time a request');
      (this.#served[kind] ??= []).push(ms);
    }
    return { served: this.#served, seen: this.#seen };
  }

  /** Not more in a minute than the box takes. */
  async #turn(): Promise<void> {
    const waitMs = this.#nextAtMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    this.#nextAtMs = Math.max(performance.now(), this.#nextAtMs) + APART_MS;
  }
}

/** A box with a manager, four associates, one customer who signed, and the iPads. */
class DeskStore {
  readonly folder: string;
  readonly ipads: PorticoClient[] = [];
  officer: PorticoClient | null = null;
  readonly #port: number;

  private constructor(folder: string, port: number) {
    this.folder = folder;
    this.#port = port;
  }

  static async make(scratch: string): Promise<DeskStore> {
    const store = new DeskStore(join(scratch, 'desk'), await findFreePort(0));
    await store.started(async (box) => {
      const client = (address: string) => new PorticoClient(box.ready['url']!, box.ready['rootPem']!, address);
      const first = client(IPADS[0]!);
      await first.pair(box.ready['ownerCode']!, 'bench');
      const owner = await first.makeOwner('沈岚', PIN);
      await first.signIn(owner.id, PIN);
      for (const name of ['陆遥', '许宁', '唐果', '孟夏']) await first.call('POST', '/staff', { name, role: 'associate', pin: PIN });
      const officer = await first.call<StaffMember>('POST', '/staff', { name: '周正', role: 'privacy_officer', pin: PIN });
      store.officer = client(IPADS.length > 1 ? '127.0.0.7' : IPADS[0]!);
      await store.officer.pair((await first.makePairingCode()).code, 'bench officer');
      await store.officer.signIn(officer.id, PIN);
      const { id } = await first.createCustomer({ displayName: '顾客' });
      await first.giveConsent(id, { purposes: ['recognise', 'greet', 'preferences', 'contact'] });
      store.ipads.push(first);
      for (const address of IPADS.slice(1)) {
        const ipad = client(address);
        await ipad.pair((await first.makePairingCode()).code, `bench ${address}`);
        await ipad.signIn(owner.id, PIN);
        store.ipads.push(ipad);
      }
    });
    return store;
  }

  /** A fresh process on the folder, for the length of some work. */
  async started<T>(work: (box: Child) => Promise<T>): Promise<T> {
    const box = await Child.start('boxProcess.js', {
      PORTICO_DATA_DIR: this.folder, PORTICO_HOST: '127.0.0.1', PORTICO_PORT: String(this.#port), PORTICO_TRUST_PORT: '0', PORTICO_LOG_LEVEL: 'silent', PORTICO_IDLE_LOCK_MINUTES: '960',
    });
    try {
      return await work(box);
    } finally {
      for (const ipad of this.ipads) ipad.close();
      this.officer?.close();
      await box.stop();
    }
  }

  /** Waits until the customer who was written last is found and nothing waits to be indexed. @returns seconds since the box was ready */
  async indexed(desk: Desk): Promise<number> {
    const beganAt = performance.now();
    const { db } = openForReading({ dataDirectory: this.folder, credentialsDirectory: null });
    try {
      const isKept = db.get(`SELECT 1 FROM main.sqlite_master WHERE name = 'search_stale'`) !== undefined;
      const waits = () => isKept && db.get('SELECT 1 FROM search_stale LIMIT 1') !== undefined;
      const finds = async () => (await this.ipads[0]!.call<CustomerSummary[]>('GET', `/customers?query=${encodeURIComponent(desk.lastName)}`))
        .some(({ displayName }) => displayName === desk.lastName);
      while (waits() || !await finds()) {
        if (performance.now() - beganAt > INDEX_DEADLINE_MS) throw new Error('the search was not ready in time');
        await sleep(250);
      }
      return seconds(beganAt);
    } finally {
      db.close();
    }
  }
}

function seconds(sinceMs: number): number {
  return round((performance.now() - sinceMs) / 1000, 1);
}
