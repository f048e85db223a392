/** What can be amiss with the releases of a fleet. Codes do not change, sentences may. */
import { CONSOLE_ERRORS } from '../appliance/contract/index.js';

export const FLEET_FAULTS = {
  // Of a file
  release_invalid: CONSOLE_ERRORS.release_invalid,
  release_too_new: CONSOLE_ERRORS.release_too_new,
  release_unreadable: 'The file or folder cannot be read.',
  release_misnamed: 'The name of the file is not that of the store and the day that were signed.',
  key_of_another_store: 'It was signed with the key of another store.',
  key_of_two_stores: 'One key has signed for two stores, so nothing says which of them it belongs to. Bind keys to stores with a stores.json.',
  // Of a store's day
  day_twice: 'There are two different releases of this day. Only one can be true, and nothing says which.',
  // Of a chain
  chain_gap: 'Releases that this box made are missing.',
  chain_fork: 'Two releases follow the same one: two boxes with the same key and the same past were at work.',
  chain_number_twice: 'Two different releases of one chain have the same number.',
  chain_broken: 'The release before this one is another than the box names.',
  chain_order: 'A later release of the chain is of an earlier day.',
  chains_overlap: 'A new chain began while the one of before still went on: two boxes were at work for one store.',
  // Of the guarantee
  epsilon_year: 'The releases of 365 days cost more epsilon than their maximum.',
  epsilon_understated: 'The box counts less epsilon for the year than its own releases have cost.',
} as const satisfies Record<string, string>;
export type FleetFaultCode = keyof typeof FLEET_FAULTS;

/** These are wrong in themselves, or nobody can say which of two is right: their figures are never merged. */
export const NOT_MERGED: readonly FleetFaultCode[] = [
  'release_invalid', 'release_too_new', 'release_unreadable', 'release_misnamed', 'key_of_another_store', 'key_of_two_stores', 'day_twice', 'chain_fork', 'chain_number_twice',
];

export interface FleetFault {
  readonly code: FleetFaultCode;
  /** Below the folder that was looked through. */
  readonly file: string;
  readonly details: Readonly<Record<string, string | number>>;
}
