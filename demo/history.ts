/**
 * Six weeks of a store's life, made through the front door: customers, signed consents, enrolments, visits, notes and
 * follow-ups come in as an iPad would send them, to a box whose clock stands in the past.
 */
import type { FollowUpRequest, NoteRequest, StaffMember, VisitCard } from '../appliance/contract/index.js';
import { toDay, type Clock } from '../appliance/kit/index.js';
import type { PorticoClient } from './client.js';
import { ADVISERS, BACK_OFFICE, CUSTOMERS, OWNER, type AdviserName, type DemoCustomer } from './people.js';
import { takePortraits } from './portraits.js';
import type { Photos } from './samplePhotos.js';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const TIME_ZONE = 'Asia/Shanghai'; // the box's default
/** 14:20 there, as milliseconds into the UTC day. */
const AFTERNOON_MS = (6 * 60 + 20) * MINUTE_MS;

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

/** Makes the staff and everything in `people.ts`. The clock must stand before the first day already. */
export async function makeHistory(deps: HistoryDeps): Promise<Staff> {
  const { ipad, clock } = deps;
  const staff = await makeStaff(ipad, deps.ownerCode);
  const idOf = new Map<DemoCustomer, string>();
  const days = [...new Set(CUSTOMERS.flatMap(({ visits }) => visits.map(({ daysAgo }) => daysAgo)))].sort((a, b) => b - a);
  for (const daysAgo of days) {
    clock.moveTo(daysAgo);
    for (const { name, pin } of ADVISERS) {
      const today = CUSTOMERS.flatMap((customer) => customer.visits.filter((visit) => visit.daysAgo === daysAgo && visit.adviser === name)
        .map((visit) => ({ customer, visit })));
      if (today.length > 0) await ipad.signIn(staff[name].id, pin);
      for (const { customer, visit } of today) {
        const id = idOf.get(customer) ?? await addCustomer(deps, customer);
        idOf.set(customer, id);
        await liveThroughVisit(deps, id, visit.note);
        if (visit === customer.visits.at(-1) && customer.followUp !== undefined) {
          const { text, dueInDays } = customer.followUp;
          const dueOn = toDay(Date.now() + dueInDays * DAY_MS, TIME_ZONE);
          await ipad.call('POST', `/customers/${id}/follow-ups`, { text, dueOn } satisfies FollowUpRequest);
        }
      }
    }
  }
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

async function addCustomer({ ipad, photos, progress }: HistoryDeps, customer: DemoCustomer): Promise<string> {
  const { id } = await ipad.createCustomer(customer.fields);
  let templatePhotos = 0;
  if (customer.agreed !== null) {
    await ipad.giveConsent(id, { purposes: customer.agreed.purposes });
    try {
      templatePhotos = (await ipad.enrol(id, await takePortraits(photos, customer.agreed.face))).photos;
    } catch (cause) {
      throw new Error(`${customer.fields.displayName} could not be enrolled: ${(cause as Error).message}`, { cause });
    }
  }
  progress(customer.fields.displayName, templatePhotos);
  return id;
}

/** @param note what the adviser wrote down */
async function liveThroughVisit({ ipad, clock }: HistoryDeps, customerId: string, note: string | undefined): Promise<void> {
  const { visitId } = await ipad.call<VisitCard>('POST', '/visits', { customerId });
  await ipad.call<VisitCard>('POST', `/visits/${visitId}/serve`);
  clock.moveBy(25);
  if (note !== undefined) await ipad.call('POST', `/customers/${customerId}/notes`, { text: note } satisfies NoteRequest);
  await ipad.call('POST', `/visits/${visitId}/close`);
  clock.moveBy(10);
}
