/**
 * What the release may know of a visit: small numbers and words of fixed lists, and which visits were of one person (a number within the day that means nothing
 * outside it). Whoever hands in more is refused, at compile time and at run time.
 */
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/schema';
import { STAGE_CELLS, type ReleaseParameters, type StageCell } from '../contract/index.js';
import { storeClock } from '../kit/index.js';

export const NOTICED = ['recognised', 'confirmed', 'by_hand'] as const;
type Noticed = (typeof NOTICED)[number];
const oneOf = <const T extends readonly string[]>(values: T) => Type.Unsafe<T[number]>({ type: 'string', enum: [...values] });
/** A place in a list of the profile. */
const place = (minimum: 0 | -1) => Type.Integer({ minimum, maximum: 6 });

export const VisitorRow = Type.Object(
  {
    /** 0, 1, 2... within the day. */
    person: Type.Integer({ minimum: 0, maximum: 1_000_000 }),
    /** Whether the store knew this person before the day began. */
    known: Type.Boolean(),
    noticed: oneOf(NOTICED),
    /** Of the day, at arrival. */
    part: place(0),
    /** In the store, already bounded: 0..minutesMax. */
    minutes: Type.Integer({ minimum: 0, maximum: 180 }),
    stage: oneOf(STAGE_CELLS),
    /** In the profile's list; -1: none of it. */
    tier: place(-1),
    team: place(-1),
  },
  { additionalProperties: false },
);
export type VisitorRow = Static<typeof VisitorRow>;
const Rows = Type.Array(VisitorRow);
let validator: { Check(value: unknown): boolean } | null = null;

/** @throws TypeError for anything but such rows: nothing else may come near a release */
export function requireRows(rows: unknown): asserts rows is readonly VisitorRow[] {
  validator ??= Compile(Rows);
  if (!validator.Check(rows)) throw new TypeError('these are not rows that a release may be made of');
}

/** A visit as the rooms tell it, in order of arrival. It stays on this side of `toRows`. */
export interface DayVisit {
  customerId: string;
  openedAtMs: number;
  closedAtMs: number;
  noticed: Noticed;
  stage: StageCell;
  customerSinceMs: number;
  tier: string | null;
  team: string | null;
}

/** @param dayEndsAt HH:MM: what comes before it on the clock belongs to the day before's last part */
export function toRows(visits: readonly DayVisit[], day: { fromMs: number; timeZone: string; dayEndsAt: string }, parameters: ReleaseParameters): VisitorRow[] {
  const persons = new Map<string, number>();
  const placeIn = (list: readonly string[], name: string | null): number => {
    const plain = name?.trim().toLowerCase();
    return list.findIndex((each) => each.toLowerCase() === plain);
  };
  return visits.map((visit) => {
    if (!persons.has(visit.customerId)) persons.set(visit.customerId, persons.size);
    const { time } = storeClock(visit.openedAtMs, day.timeZone);
    const minutes = Math.floor((visit.closedAtMs - visit.openedAtMs) / 60_000);
    return {
      person: persons.get(visit.customerId)!, known: visit.customerSinceMs < day.fromMs, noticed: visit.noticed,
      part: time < day.dayEndsAt ? parameters.partEdges.length : parameters.partEdges.filter((edge) => edge <= time).length,
      minutes: Math.min(Math.max(minutes, 0), parameters.minutesMax), stage: visit.stage,
      tier: placeIn(parameters.tiers, visit.tier), team: placeIn(parameters.teams, visit.team),
    };
  });
}
