import type { ErrorBody, ErrorCode } from '../contract.js';
import type { PageErrorCode } from './errorCodes.js';

export class ApiError extends Error {
  constructor(
    readonly code: PageErrorCode,
    readonly details: NonNullable<ErrorBody['details']> = {},
  ) {
    super(code);
    this.name = 'ApiError';
  }
}

/** Codes after which the session or the pairing is gone, whatever was asked. */
const ACCESS_LOST: readonly PageErrorCode[] = ['sign_in_required', 'session_expired', 'device_not_paired'];
let accessLost: (code: PageErrorCode) => void = () => {};

export function onAccessLost(listener: (code: PageErrorCode) => void): void {
  accessLost = listener;
}

let sessionLocked: () => void = () => {};

/** Hears of every answer that says: this session waits behind the lock. */
export function onSessionLocked(listener: () => void): void {
  sessionLocked = listener;
}

let pinAgain: () => Promise<boolean> = () => Promise.resolve(false);

/** Asks whoever is signed in for the PIN when the box wants to see it again. True: it was shown, and the request is made once more. */
export function onPinAgain(ask: () => Promise<boolean>): void {
  pinAgain = ask;
}

/** `from`: null where the request named no customer. `background`: nobody waits for the answer where they stand. */
export interface MergedAway { readonly from: string | null; readonly into: string; readonly background: boolean }
let customerMerged: (merged: MergedAway) => void = () => {};

/** Hears of every answer that says: this dossier was merged into that one. */
export function onCustomerMerged(listener: (merged: MergedAway) => void): void {
  customerMerged = listener;
}

let unreached: () => void = () => {};

/** Hears of every request that the box did not answer. */
export function onUnreached(listener: () => void): void {
  unreached = listener;
}

export interface CallOptions {
  json?: unknown;
  jpeg?: Blob;
  /** Sent as it is, under its own type. */
  file?: Blob;
  /** Let the request outlive the page (used when leaving with an undo still open). */
  keepalive?: boolean;
  signal?: AbortSignal;
  headers?: Readonly<Record<string, string>>;
  /** Nobody waits for the answer where they stand: nobody is led away by it. */
  background?: boolean;
  /** Milliseconds to wait for an answer; 15 s unless told. */
  timeoutMs?: number;
  /** Made once more, after the PIN was shown: not a third time. */
  again?: boolean;
}

const TIMEOUT_MS = 15_000;
/** Papers, and the audit pack of a box that has run for years. */
const FILE_TIMEOUT_MS = 300_000;

/** One request to /api/v1. Throws ApiError and nothing else. */
export async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
  const response = await request(method, path, 'application/json', options);
  if (response.status === 204) return undefined as T;
  const answer: unknown = await response.json().catch(() => null);
  if (answer === null) throw new ApiError('unexpected');
  return answer as T;
}

/** A document of the box, such as a PDF; `onProgress` hears how many bytes have come. Throws ApiError and nothing else. */
export async function callFile(path: string, options: CallOptions & { method?: 'GET' | 'POST' } = {}, onProgress: (bytes: number) => void = () => {}): Promise<Blob> {
  const response = await request(options.method ?? 'GET', path, '*/*', { timeoutMs: FILE_TIMEOUT_MS, ...options });
  const reader = response.body?.getReader();
  const parts: BlobPart[] = [];
  let bytes = 0;
  try {
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      parts.push(part.value);
      onProgress((bytes += part.value.byteLength));
    }
  } catch {
    throw new ApiError('network');
  }
  return new Blob(parts, { type: response.headers.get('content-type') ?? 'application/octet-stream' });
}

async function request(method: string, path: string, accept: string, options: CallOptions): Promise<Response> {
  const headers: Record<string, string> = { accept, ...options.headers };
  let body: BodyInit | null = null;
  if (options.json !== undefined) {
    headers['content-type'] = 'application/json';
    body = JSON.stringify(options.json);
  } else if (options.jpeg) {
    headers['content-type'] = 'image/jpeg';
    body = options.jpeg;
  } else if (options.file) {
    headers['content-type'] = options.file.type;
    body = options.file;
  }
  let response: Response;
  try {
    const timeout = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
    response = await fetch(`/api/v1${path}`, {
      method,
      headers,
      body,
      credentials: 'same-origin',
      cache: 'no-store',
      keepalive: options.keepalive ?? false,
      signal: options.signal ? AbortSignal.any([options.signal, timeout]) : timeout,
    });
  } catch {
    if (!options.signal?.aborted) unreached();
    throw new ApiError('network');
  }
  if (response.ok) return response;
  const error = asError(await response.json().catch(() => null));
  if (error.code === 'pin_again' && !options.again && (await pinAgain())) return request(method, path, accept, { ...options, again: true });
  if (error.code === 'session_locked') sessionLocked();
  if (ACCESS_LOST.includes(error.code)) accessLost(error.code);
  const into = error.code === 'customer_merged' && error.details['into'];
  if (typeof into === 'string') customerMerged({ from: /^\/customers\/([^/?]+)/.exec(path)?.[1] ?? null, into, background: options.background ?? false });
  throw error;
}

function asError(answer: unknown): ApiError {
  if (typeof answer === 'object' && answer !== null && 'code' in answer && typeof answer.code === 'string') {
    const { code, details } = answer as ErrorBody;
    return new ApiError(code as ErrorCode, details);
  }
  return new ApiError('unexpected');
}
