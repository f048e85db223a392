import { randomUUID } from 'node:crypto';
import { LANGUAGES, NOTICE_FIELDS, OWN_NOTICE_FIELDS, type Notice, type NoticeDraft, type NoticeDraftState, type NoticeVersion } from '../contract/index.js';
import { checkEach, THE_BOX, type Actor, type Audit, type RecordCheck, type Told } from '../audit/index.js';
import type { EventBus } from '../events/index.js';
import { PorticoError, toDay, toInstant, type Clock } from '../kit/index.js';
import type { Database } from '../storage/index.js';
import { builtInNotice, hashSections, MAX_TERM_DAYS, toSections } from './notice.js';

type Section = Notice['sections'][number];
interface Row { id: string; version: number; hash: string; max_term_days: number; material: number; published_at_ms: number }
const COLUMNS = 'id, version, hash, max_term_days, material, published_at_ms';
/** Language and field of every section a notice must have, in the order in which they are hashed. */
const PLACES = LANGUAGES.flatMap((language) => NOTICE_FIELDS.map((field) => ({ language, field })));

/** The part whose change is nothing but other words for why (the page weighs the parts alike: `WEIGHTS`). */
const EXPLAINS = 'necessity';

/** The versions of the notice, and the one draft of the next. What is published never changes. */
export class Notices {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #events: EventBus;
  readonly #audit: Audit;
  readonly #timeZone: string;
  /** As the box has it in its settings. */
  #storeName: string | null = null;

  constructor(deps: { db: Database; clock: Clock; events: EventBus; audit: Audit; timeZone: string }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#events = deps.events;
    this.#audit = deps.audit;
    this.#timeZone = deps.timeZone;
  }

  /**
   * Publishes the built-in notice, as a new version when the product's text changed; never again once the store has published a
   * notice of its own. Nor where customers agreed to what changed: whether another name is another handler, or other words for kinds,
   * purpose, terms or rights are a material change (PIPL 14), a person has to say (`isBehindBuiltIn`).
   */
  publishBuiltIn(storeName: string): void {
    this.#storeName = storeName;
    if (this.#hasOwn()) return;
    if (this.isBehindBuiltIn() && this.#db.get('SELECT 1 FROM consent WHERE ended_at_ms IS NULL LIMIT 1') !== undefined) return;
    const sections = this.#boxText();
    if (this.#newest()?.hash === hashSections(sections)) return;
    this.#db.transaction(() => this.#insert({ maxTermDays: MAX_TERM_DAYS, sections }, false, 'built_in', THE_BOX));
  }

  /** The notice that has to be shown now: the newest version. */
  current(): Notice {
    const row = this.#newest();
    if (row === undefined) throw new Error('no notice is published');
    return this.#toNotice(row);
  }

  /** @throws PorticoError not_found */
  byId(id: string): Notice {
    const row = this.#db.get<Row>(`SELECT ${COLUMNS} FROM notice WHERE id = ?`, id);
    if (row === undefined) throw new PorticoError('not_found');
    return this.#toNotice(row);
  }

  /** Every version with its text, oldest first. */
  all(): Notice[] {
    return this.#db.all<Row>(`SELECT ${COLUMNS} FROM notice ORDER BY version`).map((row) => this.#toNotice(row));
  }

  /** All versions, newest first. */
  versions(): NoticeVersion[] {
    return this.#db.all<Row & { by: string | null; consents: number }>(
      `SELECT ${COLUMNS.split(', ').map((column) => `notice.${column}`).join(', ')}, staff.name AS by,
         (SELECT count(*) FROM consent WHERE notice_id = notice.id AND ended_at_ms IS NULL AND valid_until >= ?) AS consents
       FROM notice LEFT JOIN staff ON staff.id = notice.staff_id ORDER BY version DESC`, toDay(this.#clock.now(), this.#timeZone),
    ).map((row) => ({
      id: row.id, version: row.version, hash: row.hash, publishedAt: toInstant(row.published_at_ms), material: row.material === 1, by: row.by, consents: row.consents,
    }));
  }

  /** The draft as saved; where none is, one that begins with the published text, or with the box's where that waits to be published. */
  draft(): NoticeDraftState {
    const current = this.current();
    const saved = this.#db.get<{ max_term_days: number; saved_at_ms: number }>('SELECT max_term_days, saved_at_ms FROM notice_draft');
    const draft: NoticeDraft = saved === undefined
      ? this.isBehindBuiltIn() ? { maxTermDays: MAX_TERM_DAYS, sections: this.#boxText() } : { maxTermDays: current.maxTermDays, sections: current.sections }
      : { maxTermDays: saved.max_term_days, sections: inOrder(this.#db.all<Section>('SELECT language, field, text FROM notice_draft_section')) };
    return {
      draft, missing: PLACES.filter((place) => textAt(draft.sections, place).trim() === ''),
      builtIn: this.#builtIn(draft.sections),
      changed: draft.maxTermDays !== current.maxTermDays || PLACES.some((place) => textAt(draft.sections, place) !== textAt(current.sections, place)),
      savedAt: saved === undefined ? null : toInstant(saved.saved_at_ms),
    };
  }

  /** Saves the draft, complete or not. @throws PorticoError bad_request when a section is there twice */
  saveDraft(draft: NoticeDraft): NoticeDraftState {
    if (inOrder(draft.sections).length !== draft.sections.length) throw new PorticoError('bad_request', { where: 'body/sections', problem: 'a section is there twice' });
    this.#db.transaction(() => {
      this.discardDraft();
      // `material` is asked when it is published; the column is of an older version.
      this.#db.run('INSERT INTO notice_draft (only_one, max_term_days, material, saved_at_ms) VALUES (1, ?, 0, ?)', draft.maxTermDays, this.#clock.now());
      for (const { language, field, text } of draft.sections) {
        this.#db.run('INSERT INTO notice_draft_section (language, field, text) VALUES (?, ?, ?)', language, field, text);
      }
    });
    return this.draft();
  }

  /** Back to what `draft` begins with. */
  discardDraft(): void {
    this.#db.transaction(() => {
      this.#db.run('DELETE FROM notice_draft WHERE only_one = 1');
      this.#db.run('DELETE FROM notice_draft_section WHERE true');
    });
  }

  /**
   * Publishes the draft. If the change is a material one, consents given before do not count from this moment until each
   * customer signs anew; `consentSuspended` tells.
   * @param material undefined: nobody has said so
   * @throws PorticoError notice_material_unsaid, notice_unchanged, notice_incomplete {missing}
   */
  publish(material: boolean | undefined, by: Actor): Notice {
    if (material === undefined) throw new PorticoError('notice_material_unsaid');
    return this.#db.transaction(() => {
      const { draft, changed, missing } = this.draft();
      if (missing.length > 0) throw new PorticoError('notice_incomplete', { missing: missing.length });
      if (!changed) throw new PorticoError('notice_unchanged');
      this.#insert(draft, material, 'store', by);
      this.discardDraft();
      if (material) this.#db.afterCommit(() => this.#events.emit('consentSuspended', { customerId: null }));
      return this.current();
    });
  }

  /** A notice's hash, if its text still is what the hash says; null: it is not, or there is no such notice. */
  wholeHash(id: string): string | null {
    const row = this.#db.get<Row>(`SELECT ${COLUMNS} FROM notice WHERE id = ?`, id);
    return row !== undefined && hashSections(this.#toNotice(row).sections) === row.hash ? row.hash : null;
  }

  /**
   * Holds each version against its hash and the entry of its publication. One from before there was a log is held against its hash, and
   * cannot be a material change: no version of the box that kept no log knew of these.
   */
  async verify(): Promise<RecordCheck> {
    const told = (id: string) => this.#audit.told('notice_published').find(({ detail }) => detail['noticeId'] === id);
    const ids = this.#db.all<{ id: string }>('SELECT id FROM notice ORDER BY version');
    const there = await checkEach(ids, ({ id }) => id, ({ id }) => {
      const row = this.#db.get<Row & { origin: string; staff_id: string | null }>(`SELECT ${COLUMNS}, origin, staff_id FROM notice WHERE id = ?`, id);
      if (row === undefined || this.wholeHash(id) === null) return false;
      const entry = told(id);
      if (entry === undefined) return row.published_at_ms < this.#audit.toldSinceMs() && (row.material === 0 || this.#audit.prunedBeforeMs() > 0);
      const detail = toDetail(row);
      return entry.staffId === row.staff_id && Object.keys(detail).every((key) => !(key in entry.detail) || entry.detail[key] === detail[key as keyof typeof detail]);
    });
    const idOf = ({ detail }: Told) => String(detail['noticeId']);
    const missing = await checkEach(this.#audit.told('notice_published'), idOf, (entry) => this.#db.get('SELECT 1 FROM notice WHERE id = ?', idOf(entry)) !== undefined);
    return { checked: there.checked, broken: [...there.broken, ...missing.broken] };
  }

  #newest(): Row | undefined {
    return this.#db.get<Row>(`SELECT ${COLUMNS} FROM notice ORDER BY version DESC LIMIT 1`);
  }

  /** Whether the notice that is shown still says nothing of the store's own where it has to, whatever else of it was edited. */
  isUnreviewed(): boolean {
    return this.#builtIn(this.current().sections).length > 0;
  }

  /**
   * Whether the built-in notice that is shown says something else than the box now comes with, of more weight than an explanation: the
   * store's name, kinds, purpose, terms. It has to be looked at and published by hand.
   */
  isBehindBuiltIn(): boolean {
    const newest = this.#newest();
    if (this.#storeName === null || newest === undefined || this.#hasOwn()) return false;
    const { sections } = this.#toNotice(newest);
    return newest.max_term_days !== MAX_TERM_DAYS
      || this.#boxText().some((section) => section.field !== EXPLAINS && section.text !== textAt(sections, section));
  }

  /** The notice that the box now comes with. */
  #boxText(): Section[] {
    return this.#storeName === null ? [] : toSections(builtInNotice(this.#storeName));
  }

  /** Whether the store has published a notice of its own. */
  #hasOwn(): boolean {
    return this.#db.get(`SELECT 1 FROM notice WHERE origin = 'store' LIMIT 1`) !== undefined;
  }

  /** Where a section that only the store can write is one that the box ever came with. A stroke or a space more makes it no other. */
  #builtIn(sections: readonly Section[]): NoticeDraftState['builtIn'] {
    const built = new Set([...this.#boxText(), ...this.#db.all<Section>(
      `SELECT language, field, text FROM notice_section JOIN notice ON notice.id = notice_id WHERE origin = 'built_in'`)].map(gist));
    return OWN_NOTICE_FIELDS.flatMap((field) => LANGUAGES.map((language) => ({ language, field })))
      .filter((place) => built.has(gist({ ...place, text: textAt(sections, place) })));
  }

  #insert({ maxTermDays, sections }: NoticeDraft, material: boolean, origin: 'built_in' | 'store', by: Actor): void {
    const row = {
      id: randomUUID(), version: (this.#newest()?.version ?? 0) + 1, hash: hashSections(inOrder(sections)), max_term_days: maxTermDays, material: material ? 1 : 0,
      origin, published_at_ms: this.#clock.now(),
    };
    this.#db.run('INSERT INTO notice (id, version, hash, max_term_days, material, origin, staff_id, published_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      row.id, row.version, row.hash, row.max_term_days, row.material, row.origin, by.staffId, row.published_at_ms);
    for (const { language, field, text } of sections) {
      this.#db.run('INSERT INTO notice_section (notice_id, language, field, text) VALUES (?, ?, ?, ?)', row.id, language, field, text);
    }
    this.#audit.record('notice_published', by, { detail: toDetail(row) });
  }

  #toNotice(row: Row): Notice {
    return {
      id: row.id, version: row.version, hash: row.hash, maxTermDays: row.max_term_days, publishedAt: toInstant(row.published_at_ms), material: row.material === 1,
      sections: inOrder(this.#db.all<Section>('SELECT language, field, text FROM notice_section WHERE notice_id = ?', row.id)),
    };
  }
}

/** What the entry of its publication tells of a version. */
function toDetail(row: Row & { origin: string }) {
  return {
    noticeId: row.id, version: row.version, hash: row.hash, material: row.material === 1, maxTermDays: row.max_term_days, origin: row.origin, atMs: row.published_at_ms,
  };
}

function textAt(sections: readonly Section[], place: Pick<Section, 'language' | 'field'>): string {
  return sections.find(({ language, field }) => language === place.language && field === place.field)?.text ?? '';
}

/** A section without what is neither letter nor digit. */
function gist({ language, field, text }: Section): string {
  return `${language} ${field} ${text.replace(/[^\p{L}\p{N}]/gu, '')}`;
}

/** The sections in the order in which they are hashed, each once. */
function inOrder(sections: readonly Section[]): Section[] {
  return PLACES.flatMap(({ language, field }) => sections.filter((section) => section.language === language && section.field === field).slice(0, 1));
}
