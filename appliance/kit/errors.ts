import type { ErrorBody } from '../contract/index.js';
// Past the door: worker threads need the table, and not the schemas, whose library takes a fifth of a second to load.
import { CONSOLE_ERRORS, type ConsoleErrorCode } from '../contract/consoleErrors.js';
import { ERRORS, type ErrorCode } from '../contract/errors.js';

type Details = NonNullable<ErrorBody['details']>;

/** What the page can be told, and what only whoever looks after the box is. */
export type AnyErrorCode = ErrorCode | ConsoleErrorCode;

const isForConsole = (code: AnyErrorCode): code is ConsoleErrorCode => Object.hasOwn(CONSOLE_ERRORS, code);

/**
 * A failure that somebody can act on. Rooms throw it with a code of the one table in `contract/errors.ts`, or of the one for the
 * console; the edge turns the code into a status. `details` must hold nothing personal: it is logged and sent.
 */
export class PorticoError extends Error {
  override readonly name = 'PorticoError';
  readonly code: AnyErrorCode;
  readonly details: Details | undefined;

  constructor(code: AnyErrorCode, details?: Details, options?: { cause?: unknown }) {
    super(isForConsole(code) ? CONSOLE_ERRORS[code] : ERRORS[code][1], options);
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return isForConsole(this.code) ? 500 : ERRORS[this.code][0];
  }

  /** The body that goes over the wire. */
  toBody(): ErrorBody {
    return this.details === undefined
      ? { code: this.code, message: this.message }
      : { code: this.code, message: this.message, details: this.details };
  }
}

/** Whether `error` is a PorticoError, of this code if one is given. */
export function isPorticoError(error: unknown, code?: AnyErrorCode): error is PorticoError {
  return error instanceof PorticoError && (code === undefined || error.code === code);
}

/**
 * What the system says when the disk takes nothing, as what somebody can act on: ENOSPC and EDQUOT are a full disk, EROFS one that was mounted for reading
 * only or that the kernel made so after an error. Anything else as it came.
 */
export function toStorageError(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') return new PorticoError('storage_full', {}, { cause: error });
  if (code === 'EROFS') return new PorticoError('storage_read_only', {}, { cause: error });
  return error;
}
