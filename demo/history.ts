/**
 * Six weeks of a store's life, made through the front door: products, customers, signed consents, enrolments, visits and what was
 * done in them come in as an iPad would send them, to a box whose clock stands in the past.
 */
import type { FieldData, StaffMember } from '../appliance/contract/index.js';
import { toDay, type Clock } from '../appliance/kit/index.js';
import type { PorticoClient } from './client.js';
import { Desk } from './desk.js';
import { ARRIVED, cardSlots, FIELD_NAMES, PRODUCTS, QUICK_NOTES, SECTIONS, type OwnValues, type Sku } from './goods.js';
import { ADVISERS, BACK_OFFICE, CUSTOMERS, OWNER, type AdviserName, type DemoCustomer, type DemoVisit } from './people.js';
import { takePortraits } from './portraits.js';
import type { Photos } from './samplePhotos.js';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const HALF_HOUR_MS = 30 * MINUTE_MS;
const TIME_ZONE = 'Asia/Shanghai'; // the box's default
/** 14:20 there, as milliseconds into the UTC day. */
const AFTERNOON_MS = (6 * 60 + 20) * MINUTE_MS;
/** Today's appointment is at least so far away. */
const APPOINTMENT_AHEAD_MS = 45 * MINUTE_MS;

/** Runs from a moment that is set, forward only. */
export class StoryClock implements Clock {
  #offsetMs = 0;

  now(): number {
    return Date.now() + this.#offsetMs;
  }

  /** Early in the afternoon so many days ago. */
  moveTo(daysAgo: number): void {
    const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
    this.#offsetMs = today - daysAgo * DAY_MS + AFTERNOON_MS - Date.now();
  }

  moveBy(minutes: number): void {
    this.#offsetMs += minutes * MINUTE_MS;
  }
}

export interface HistoryDeps {
  /** The store's own iPad, not paired yet. */
  ipad: PorticoClient;
  ownerCode: string;
  clock: StoryClock;
  photos: Photos;
  /** Told after each customer. */
  progress(displayName: string, templatePhotos: number): void;
}
export type Staff = Record<typeof OWNER['name'] | AdviserName, StaffMember>;

/** Makes the staff and everything in `people.ts` and `goods.ts`. The clock must stand before the first day already. */
export async function makeHistory(deps: HistoryDeps): Promise<Staff> {
  const { ipad, clock } = deps;
  const staff = await makeStaff(ipad, deps.ownerCode);
  const story = new Story(deps, await arrangeDesk(new Desk(ipad)));
  const days = [...new Set(CUSTOMERS.flatMap(({ visits }) => visits.map(({ daysAgo }) => daysAgo)))].sort((a, b) => b - a);
  for (const daysAgo of days) {
    clock.moveTo(daysAgo);
    for (const { name, pin } of ADVISERS) {
      const today = CUSTOMERS.flatMap((customer) => customer.visits.filter((visit) => visit.daysAgo === daysAgo && visit.adviser === name)
        .map((visit) => ({ customer, visit })));
      if (today.length > 0) await ipad.signIn(staff[name].id, pin);
      for (const { customer, visit } of today) await story.visit(customer, visit);
    }
  }
  clock.moveTo(1);
  await ipad.signIn(staff[ADVISERS[0].name].id, ADVISERS[0].pin);
  await story.yesterday();
  return staff;
}

async function makeStaff(ipad: PorticoClient, ownerCode: string): Promise<Staff> {
  await ipad.pair(ownerCode, '柜台 iPad');
  const owner = await ipad.makeOwner(OWNER.name, OWNER.pin);
  await ipad.signIn(owner.id, OWNER.pin);
  const entries: [string, StaffMember][] = [[OWNER.name, owner]];
  for (const member of [...ADVISERS, ...BACK_OFFICE]) entries.push([member.name, await ipad.call<StaffMember>('POST', '/staff', member)]);
  return Object.fromEntries(entries) as Staff;
}

/** What the manager made: ids of the products by number, and of what stands in the own fields. */
interface Arranged {
  productIds: Record<Sku, string>;
  own(values: OwnValues): { fieldId: string; value: FieldData }[];
}

async function arrangeDesk(desk: Desk): Promise<Arranged> {
  const productIds: Record<string, string> = {};
  for (const [sku, product] of Object.entries(PRODUCTS)) productIds[sku] = (await desk.addProduct({ sku, ...product })).id;
  const { revision, sections } = await desk.changeForm({ revision: (await desk.form()).revision, sections: SECTIONS, card: [] });
  const field = (name: keyof typeof FIELD_NAMES) => sections.flatMap(({ fields }) => fields).find((each) => each.name['zh-CN'] === FIELD_NAMES[name])!;
  await desk.changeForm({
    revision, card: cardSlots((name) => field(name).id),
    sections: sections.map((section) => ({
      id: section.id, name: section.name,
      fields: section.fields.map(({ id, name, kind, required, visibleTo, options }) => ({ id, name, kind, required, visibleTo, options })),
    })),
  });
  await desk.setQuickNotes(QUICK_NOTES);
  const strapId = (strap: string) => field('strap').options.find(({ name }) => name['zh-CN'] === strap)!.id;
  return {
    productIds,
    own: ({ watches, strap, budget }) => [
      ...(watches === undefined ? [] : [{ fieldId: field('watches').id, value: { number: watches } }]),
      ...(strap === undefined ? [] : [{ fieldId: field('strap').id, value: { choices: [strapId(strap)] } }]),
      ...(budget === undefined ? [] : [{ fieldId: field('budget').id, value: { moneyMinor: budget * 100 } }]),
    ],
  };
}

/** What happens to the customers; whoever is signed in does it. */
class Story {
  readonly #deps: HistoryDeps;
  readonly #desk: Desk;
  readonly #arranged: Arranged;
  readonly #idOf = new Map<DemoCustomer, string>();
  readonly #ticketIds: string[] = [];

  constructor(deps: HistoryDeps, arranged: Arranged) {
    this.#deps = deps;
    this.#desk = new Desk(deps.ipad);
    this.#arranged = arranged;
  }

  /** With the first one comes the dossier. */
  async visit(customer: DemoCustomer, visit: DemoVisit): Promise<void> {
    const { productIds } = this.#arranged;
    const { clock } = this.#deps;
    const id = this.#idOf.get(customer) ?? await this.#add(customer);
    const { visitId } = await this.#desk.arrive(id);
    await this.#desk.serve(visitId);
    for (const sku of visit.looks ?? []) {
      clock.moveBy(3);
      await this.#desk.lookAt(visitId, productIds[sku]);
    }
    clock.moveBy(20);
    if (visit.note !== undefined) await this.#desk.note(id, visit.note);
    for (const sku of visit.wishes ?? []) await this.#desk.wish(id, { productId: productIds[sku] });
    for (const sku of visit.buys ?? []) await this.#desk.buy(id, { productId: productIds[sku] });
    if (visit.ticket !== undefined) this.#ticketIds.push((await this.#desk.openTicket(id, visit.ticket)).id);
    if (visit.appointment !== undefined) {
      const { subject, minutes, halfHours } = visit.appointment;
      await this.#desk.makeAppointment(id, { subject, minutes, ...laterToday(Date.now(), halfHours) });
    }
    await this.#desk.close(visitId);
    clock.moveBy(10);
    if (visit === customer.visits.at(-1) && customer.followUp !== undefined) {
      const { text, dueInDays } = customer.followUp;
      await this.#desk.promise(id, { text, dueOn: toDay(Date.now() + dueInDays * DAY_MS, TIME_ZONE) });
    }
  }

  /** Parcels came, and the watchmaker was done. */
  async yesterday(): Promise<void> {
    for (const sku of ARRIVED) await this.#desk.arrived(this.#arranged.productIds[sku]);
    for (const ticketId of this.#ticketIds) await this.#desk.changeTicket(ticketId, { state: 'ready' });
  }

  async #add(customer: DemoCustomer): Promise<string> {
    const { ipad, photos, progress } = this.#deps;
    const { fields, agreed, refused, birthday, companion, own } = customer;
    const other = companion === undefined ? undefined : [...this.#idOf].find(([{ fields }]) => fields.displayName === companion.name)![1];
    const { id } = await ipad.createCustomer({
      ...fields,
      ...(birthday === undefined ? {} : { dates: [birthdayOf(birthday)] }),
      ...(companion === undefined ? {} : { companions: [{ name: companion.name, relation: companion.relation, customerId: other! }] }),
    });
    this.#idOf.set(customer, id);
    if (companion !== undefined) {
      await this.#desk.change(other!, { companions: [{ name: fields.displayName, relation: companion.theirRelation, customerId: id }] });
    }
    let templatePhotos = 0;
    if (refused === true) await this.#desk.askInVain(id);
    if (agreed !== null) {
      await ipad.giveConsent(id, { purposes: agreed.purposes });
      try {
        templatePhotos = (await ipad.enrol(id, await takePortraits(photos, agreed.face))).photos;
      } catch (cause) {
        throw new Error(`${fields.displayName} could not be enrolled: ${(cause as Error).message}`, { cause });
      }
    }
    if (own !== undefined) await this.#desk.fillIn(id, this.#arranged.own(own));
    progress(fields.displayName, templatePhotos);
    return id;
  }
}

function birthdayOf({ inDays, year }: { inDays: number; year: number }) {
  const [, month, day] = toDay(Date.now() + inDays * DAY_MS, TIME_ZONE).split('-').map(Number);
  return { kind: 'birthday' as const, label: null, month: month!, day: day!, year: month === 2 && day === 29 ? null : year };
}

/** So many half-hours after the first that is far enough away, or the last one of today. */
function laterToday(nowMs: number, halfHours: number): { day: string; time: string } {
  const day = toDay(nowMs, TIME_ZONE);
  const atMs = Math.ceil((nowMs + APPOINTMENT_AHEAD_MS) / HALF_HOUR_MS + halfHours) * HALF_HOUR_MS;
  const time = new Date(atMs).toLocaleTimeString('en-GB', { timeZone: TIME_ZONE, hour: '2-digit', minute: '2-digit' });
  return { day, time: toDay(atMs, TIME_ZONE) === day ? time : '23:30' };
}
