import type { ErrorBody } from '../contract/index.js';
// Past the door: worker threads need the table, and not the schemas, whose library takes a fifth of a second to load.
import { ERRORS, type ErrorCode } from '../contract/errors.js';

type Details = NonNullable<ErrorBody['details']>;

/**
 * A failure that somebody can act on. Rooms throw it with a code of the one table in `contract/errors.ts`; the
 * edge turns the code into a status. `details` must hold nothing personal: it is logged and sent.
 */
export class PorticoError extends Error {
  override readonly name = 'PorticoError';
  readonly code: ErrorCode;
  readonly details: Details | undefined;

  constructor(code: ErrorCode, details?: Details, options?: { cause?: unknown }) {
    super(ERRORS[code][1], options);
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return ERRORS[this.code][0];
  }

  /** The body that goes over the wire. */
  toBody(): ErrorBody {
    return this.details === undefined
      ? { code: this.code, message: this.message }
      : { code: this.code, message: this.message, details: this.details };
  }
}

/** Whether `error` is a PorticoError, of this code if one is given. */
export function isPorticoError(error: unknown, code?: ErrorCode): error is PorticoError {
  return error instanceof PorticoError && (code === undefined || error.code === code);
}
