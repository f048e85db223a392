import type { ErrorCode } from '../contract.js';

/** `network`: the box did not answer. `unexpected`: it answered something that is not of the contract. */
export type PageErrorCode = ErrorCode | 'network' | 'unexpected';
