import type { ErrorCode } from '../contract.js';

/** `network`: the box did not answer. `unexpected`: it answered something that is not of the contract.
 * `too_slow`: the box closed a socket that did not read fast enough. `outbox_full`: as much waits for the box as may. */
export type PageErrorCode = ErrorCode | 'network' | 'unexpected' | 'too_slow' | 'outbox_full';
