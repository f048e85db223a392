import { randomUUID } from 'node:crypto';
import type {
  CardFact, CustomerFields, FieldHistory, FieldQuery, FieldValue, FieldValuesChange, FormerFieldValue, Language, OwnForm, OwnFormChange, ReadableField, Words,
} from '../contract/index.js';
import type { EventBus } from '../events/index.js';
import { Breath, PorticoError, toDay, toInstant, type Clock, type Logger } from '../kit/index.js';
import type { Database, MovableRows } from '../storage/index.js';
import { cardFacts, shortened } from './card.js';
import { exported, whoIsExported } from './export.js';
import { BROUGHT_BACK_MS, FormTables } from './form.js';
import { isEmpty, planForm, type FieldRow, type OptionRow } from './plan.js';
import { findStatement, FOUND_MAX } from './search.js';
import { canonical, fitted, parsed, readable, type LookUp } from './values.js';
import { FieldUpkeep } from './upkeep.js';
import { ValueTables } from './valueTables.js';

/** Who reads: managers' fields are for managers; `everything`: whoever answers for what is stored, what was removed included. */
export type FieldReader = 'everybody' | 'manager' | 'everything';

/** What other rooms know and this one has to ask. */
export interface Neighbours extends LookUp {
  /** Throws where the customer did not agree to preferences. `correcting`: nothing more is written down than was. */
  requireAgreed(customerId: string, correcting: boolean): void;
  /** Whether the customer's consent leaves preferences out. */
  leavesOut(customerId: string): boolean;
  isRestricted(customerId: string): boolean;
  /** The dossier and those that were merged into it; the one asked for first. */
  withMerged(customerId: string): string[];
  oldestWish(customerId: string): string | null;
  lastPurchase(customerId: string): string | null;
}

/** A fact of the card is read while walking: as long as a free fact may be. */
const CARD_TEXT_MAX = 80;

/** Own fields: the form that a manager makes, and what is written into it. */
export class Fields {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #events: EventBus;
  readonly #log: Logger;
  readonly #timeZone: string;
  readonly #fraction: number;
  readonly #neighbours: Neighbours;
  readonly #form: FormTables;
  readonly #values: ValueTables;
  readonly #upkeep: FieldUpkeep;

  /** @param deps.currency ISO 4217, in whose smallest unit money is stored @param deps.emptied called when something was deleted for good */
  constructor(deps: {
    db: Database; clock: Clock; events: EventBus; log: Logger; timeZone: string; currency: string; neighbours: Neighbours; emptied: () => unknown;
  }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#events = deps.events;
    this.#log = deps.log;
    this.#timeZone = deps.timeZone;
    this.#fraction = new Intl.NumberFormat('en', { style: 'currency', currency: deps.currency }).resolvedOptions().maximumFractionDigits ?? 2;
    this.#neighbours = deps.neighbours;
    this.#form = new FormTables(deps.db);
    this.#values = new ValueTables(deps.db);
    this.#upkeep = new FieldUpkeep({ db: deps.db, form: this.#form, values: this.#values, emptied: deps.emptied });
  }

  stop(): Promise<void> {
    return this.#upkeep.stop();
  }

  // ---- The form ------------------------------------------------------------------------------------------------

  form(reader: FieldReader): OwnForm {
    return this.#form.form(reader !== 'everybody');
  }

  /**
   * Makes the form what it shall be. Sent again after it was saved, it answers as the first time where all that is new came with an id, as from
   * the page; what came without one would be made once more, and is an edit_conflict.
   * @throws PorticoError edit_conflict {fields: 'form'}, form_invalid {fieldId?}, section_name_taken, field_not_for_card {fieldId}
   */
  changeForm(wanted: OwnFormChange): OwnForm {
    return this.#db.transaction(() => {
      const present = this.#form.rows();
      const plan = planForm(present, wanted, randomUUID);
      const stale = wanted.revision !== this.#form.revision();
      if ('refused' in plan) {
        if (stale) throw new PorticoError('edit_conflict', { fields: 'form' });
        throw new PorticoError(plan.refused, plan.fieldId === undefined ? {} : { fieldId: plan.fieldId });
      }
      if (isEmpty(plan)) return this.form('manager');
      if (stale) throw new PorticoError('edit_conflict', { fields: 'form' });
      this.#form.apply(plan, this.#clock.now());
      return this.form('manager');
    });
  }

  /** Deletes for good what was removed long enough ago, in pieces. @returns how many fields and options went */
  purge(): Promise<{ fields: number; options: number }> {
    return this.#upkeep.purge(this.#clock.now() - BROUGHT_BACK_MS);
  }

  // ---- What stands in it ---------------------------------------------------------------------------------------

  /** In the order of the form. */
  of(customerId: string, reader: FieldReader): FieldValue[] {
    return this.#values.of(customerId).filter(({ field }) => sees(reader, field) && (!field.removed || reader === 'everything'))
      .map(({ field, data, at, by, changes }) => ({ fieldId: field.id, value: this.#named(data), at, by, changes }));
  }

  /** Fields in which something stood and nothing does now, by id: their history can still be read. */
  emptied(customerId: string, reader: FieldReader): string[] {
    return this.#values.written(customerId).filter(({ field, value }) => value === null && sees(reader, field) && !field.removed).map(({ field }) => field.id);
  }

  /**
   * What merged dossiers say where this one says nothing, the newest first: shown beside, and taken over only by a person's choice. Hidden
   * while the consent of this dossier leaves preferences out.
   */
  former(customerId: string, reader: FieldReader): FormerFieldValue[] {
    const [, ...merged] = this.#neighbours.withMerged(customerId);
    if (merged.length === 0 || this.#neighbours.leavesOut(customerId)) return [];
    const said = new Set(this.of(customerId, reader).map(({ fieldId }) => fieldId));
    return merged.flatMap((each) => this.of(each, reader).map((value) => ({ ...value, from: this.#values.nameOf(each) })))
      .sort((a, b) => b.at.localeCompare(a.at))
      .filter(({ fieldId }) => !said.has(fieldId) && said.add(fieldId))
      .map(({ fieldId, value, at, by, from }) => ({ fieldId, value, at, by, from }));
  }

  /**
   * Writes and empties. What stands there already is no change. Required fields of a section have to be filled when something of that section
   * is saved; not for `everything`: what a customer wants to have taken out goes. While processing is restricted only `everything` puts
   * something else in the place of what stands there.
   * @returns the fields that changed
   * @throws PorticoError customer_not_found, customer_merged {into}, field_gone {fieldId}, field_invalid {fieldId}, field_required {fieldId},
   *   not_allowed, edit_conflict {fields: ids}, customer_restricted, and what `requireAgreed` throws; nothing is saved then
   */
  change(customerId: string, { values }: FieldValuesChange, staffId: string, reader: FieldReader): string[] {
    return this.#db.transaction(() => {
      this.#values.mustStand(customerId);
      const { fields, options } = this.#form.rows();
      const before = new Map(this.#values.of(customerId).map(({ field, data }) => [field.id, data]));
      const steps = values.map(({ fieldId, value, base }) => {
        const field = fields.find(({ id }) => id === fieldId);
        if (field === undefined || field.removed) throw new PorticoError('field_gone', { fieldId });
        if (!sees(reader, field)) throw new PorticoError('not_allowed');
        const stands = before.get(fieldId) ?? null;
        const held = stands !== null && 'choices' in stands ? stands.choices : [];
        const data = value === null ? null : fitted(field.kind, options.filter((option) => option.fieldId === fieldId), value, held, customerId, this.#neighbours);
        const isHidden = data !== null && 'fileId' in data && this.hiddenFiles(customerId, [data.fileId], reader).length > 0; // not to be shown by putting it elsewhere
        if (value !== null && (data === null || isHidden)) throw new PorticoError('field_invalid', { fieldId });
        return { field, stands, data, base, isChange: canonical(stands) !== canonical(data) };
      });
      if (new Set(values.map(({ fieldId }) => fieldId)).size < values.length) throw new PorticoError('field_invalid', { fieldId: values[0]!.fieldId });
      const changes = steps.filter(({ isChange }) => isChange);
      const late = changes.filter(({ base, stands }) => base !== undefined && canonical(base) !== canonical(stands));
      if (late.length > 0) throw new PorticoError('edit_conflict', { fields: late.map(({ field }) => field.id).join(',') });
      if (reader !== 'everything') requireFilled(fields.filter((field) => sees(reader, field)), steps, before);
      if (changes.length === 0) return [];
      const adds = changes.some(({ data }) => data !== null);
      if (adds && reader !== 'everything' && this.#neighbours.isRestricted(customerId)) throw new PorticoError('customer_restricted');
      if (adds) this.#neighbours.requireAgreed(customerId, changes.every(({ stands, data }) => stands !== null || data === null));
      for (const { field, stands, data } of changes) this.#values.write(customerId, field.id, stands, data, staffId, this.#clock.now());
      this.#tell(customerId);
      return changes.map(({ field }) => field.id);
    });
  }

  /** Newest first. @throws PorticoError field_gone {fieldId}, not_allowed */
  history(customerId: string, fieldId: string, reader: FieldReader): FieldHistory {
    const field = this.#seen(fieldId, reader);
    const data = (text: string | null) => {
      const read = parsed(field.kind, text);
      return read === null ? null : this.#named(read);
    };
    return this.#values.history(customerId, fieldId).map((change) => ({ before: data(change.before), after: data(change.after), at: toInstant(change.atMs), by: change.by }));
  }

  /** All that is stored of these dossiers, in words, oldest first; for the access copy. */
  readableOf(customerIds: readonly string[]): ReadableField[] {
    const { options } = this.#form.rows();
    const words = (field: FieldRow, text: string | null) => {
      const data = parsed(field.kind, text);
      return data === null ? null : readable(data, options, this.#neighbours);
    };
    return customerIds.flatMap((customerId) => this.#values.written(customerId).map(({ field, value, at, by }) => ({
      name: field.name, value: words(field, value), at, by,
      history: this.#values.history(customerId, field.id).reverse()
        .map((change) => ({ before: words(field, change.before), after: words(field, change.after), at: toInstant(change.atMs), by: change.by })),
    })));
  }

  /** Ids of at most 100 customers, looked for in pieces. @throws PorticoError field_gone {fieldId}, not_allowed, field_invalid {fieldId} */
  async find(query: FieldQuery, reader: FieldReader): Promise<string[]> {
    const field = this.#seen(query.fieldId, reader);
    const { sql, values, next } = findStatement(field.kind, query, (ids) => this.#values.rarestFirst(ids));
    const ids = (...more: string[]) => this.#db.all<{ id: string }>(sql, ...values, ...more).map(({ id }) => id);
    if (next === null) return ids();
    const found: string[] = [];
    const breath = new Breath();
    for (let after = ''; found.length < FOUND_MAX;) {
      const { id: until } = this.#db.get<{ id: string | null }>(next.sql, ...next.values, after)!;
      if (until === null) break;
      found.push(...ids(after, until));
      after = until;
      await breath.taken();
    }
    return found.slice(0, FOUND_MAX);
  }

  /** What a search by words finds a customer by: texts and chosen options, of fields that everybody may see. */
  textOf(customerId: string): string[] {
    const { options } = this.#form.rows();
    return this.#values.of(customerId).filter(({ field }) => !field.removed && field.visibleTo === 'everybody' && SEARCHED.includes(field.kind))
      .map(({ data }) => ('text' in data ? data.text : 'choices' in data ? namesOf(data.choices, options) : ''));
  }

  /** What stands on the card. */
  cardFacts(customer: CustomerFields & { id: string }): CardFact[] {
    const { id } = customer;
    const own = (fieldId: string): { name: Words; value: CardFact['value'] } | null => {
      const found = this.#values.one(id, fieldId);
      if (found === null || found.field.removed || found.field.visibleTo !== 'everybody') return null;
      const value = readable(found.data, 'choices' in found.data ? this.#form.rows().options : [], this.#neighbours);
      return { name: found.field.name, value: 'text' in value ? { text: shortened(value.text, CARD_TEXT_MAX) } : value };
    };
    return cardFacts(this.#form.card(), {
      customer, today: toDay(this.#clock.now(), this.#timeZone), own,
      oldestWish: () => this.#neighbours.oldestWish(id), lastPurchase: () => this.#neighbours.lastPurchase(id),
    });
  }

  /**
   * The chosen fields of everybody who has something in one of them.
   * @returns how many customers, and the CSV, made while it is read
   * @throws PorticoError field_gone {fieldId}
   */
  async export(fieldIds: readonly string[], language: Language): Promise<{ customers: number; csv: AsyncGenerator<string> }> {
    for (const id of fieldIds) this.#seen(id, 'manager');
    const customerIds = await whoIsExported(this.#db, fieldIds, (id) => this.#neighbours.isRestricted(id));
    return { customers: customerIds.length, csv: exported(this.#db, this.#form.rows(), fieldIds, customerIds, this.#neighbours, this.#fraction, language) };
  }

  // ---- What goes -----------------------------------------------------------------------------------------------

  /** Whether something stands or stood in a field, here or in a dossier that was merged into this one. */
  hasValues(customerId: string): boolean {
    return this.#neighbours.withMerged(customerId).some((each) => this.#values.has(each));
  }

  /** What was shown as this person's, with its history: of merged dossiers too. Safe to repeat. @returns the files that stood in it, to be deleted */
  drop(customerId: string): string[] {
    const all = this.#neighbours.withMerged(customerId);
    const photos = all.flatMap((each) => this.#values.photosOf(each));
    for (const each of all) this.#values.erase(each);
    this.#tell(customerId);
    return photos;
  }

  /** Deletes all of one dossier; what was merged into it is its own. */
  erase(customerId: string): void {
    this.#values.erase(customerId);
  }

  /**
   * Which of these files this reader may not see: photos that stand or stood in a field for managers, and in none that everybody sees.
   * @param customerId whose files they are
   */
  hiddenFiles(customerId: string, fileIds: readonly string[], reader: FieldReader): string[] {
    if (reader !== 'everybody' || fileIds.length === 0) return [];
    return this.#values.onlyForManagers(this.#neighbours.withMerged(customerId), fileIds);
  }

  /** The photo is being deleted with the dossier it was moved to: no field may hold it any more. */
  dropFile(fileId: string): void {
    this.#db.run('DELETE FROM field_value WHERE file_id = ?', fileId);
  }

  /** Files that go along with a merge. One that goes back does not stay behind in a field that came to show it meanwhile: the history says so. */
  lettingGo(files: MovableRows): MovableRows {
    return {
      ...files,
      moveBack: (ids, from, to, staffId) => {
        for (const { field, data } of this.#values.of(from)) {
          if ('fileId' in data && ids.includes(data.fileId)) this.#values.write(from, field.id, data, null, staffId, this.#clock.now());
        }
        files.moveBack(ids, from, to, staffId);
      },
    };
  }

  #seen(fieldId: string, reader: FieldReader): FieldRow {
    const field = this.#form.field(fieldId);
    if (field === null || field.removed) throw new PorticoError('field_gone', { fieldId });
    if (!sees(reader, field)) throw new PorticoError('not_allowed');
    return field;
  }

  #named<Data extends FieldValue['value']>(data: Data): FieldValue['value'] {
    if (!('productId' in data)) return data;
    const name = this.#neighbours.productName(data.productId);
    return name === null ? { productId: data.productId } : { productId: data.productId, productName: name };
  }

  #tell(customerId: string): void {
    this.#db.afterCommit(() => this.#events.emit('customerChanged', { customerId }));
  }
}

/** Kinds in which there are words to be found by. */
const SEARCHED: readonly FieldRow['kind'][] = ['text', 'choice', 'choices'];

function sees(reader: FieldReader, field: FieldRow): boolean {
  return field.visibleTo === 'everybody' || reader !== 'everybody';
}

/** @throws PorticoError field_required {fieldId} of the first required field that would be empty in a section of which something is saved */
function requireFilled(fields: readonly FieldRow[], steps: readonly { field: FieldRow; data: FieldValue['value'] | null }[], before: ReadonlyMap<string, unknown>): void {
  const sections = new Set(steps.map(({ field }) => field.sectionId));
  const empty = fields.find(({ id, required, removed, sectionId }) => {
    if (!required || removed || !sections.has(sectionId)) return false;
    const step = steps.find(({ field }) => field.id === id);
    return step === undefined ? !before.has(id) : step.data === null;
  });
  if (empty !== undefined) throw new PorticoError('field_required', { fieldId: empty.id });
}

/** In both languages. */
function namesOf(choices: readonly string[], options: readonly OptionRow[]): string {
  return options.filter(({ id }) => choices.includes(id)).flatMap(({ name }) => [...new Set([name['zh-CN'], name.en])]).join(' ');
}
