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

let customerMerged: (into: string) => void = () => {};

/** Hears of every answer that says: this dossier was merged into that one. */
export function onCustomerMerged(listener: (into: string) => void): void {
  customerMerged = listener;
}

export interface CallOptions {
  json?: unknown;
  jpeg?: Blob;
  /** Let the request outlive the page (used when leaving with an undo still open). */
  keepalive?: boolean;
  signal?: AbortSignal;
}

const TIMEOUT_MS = 15_000;
/** Papers, and the audit pack of a box that has run for years. */
const FILE_TIMEOUT_MS = 300_000;

/** One request to /api/v1. Throws ApiError and nothing else. */
export async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
  const response = await send(method, path, 'application/json', TIMEOUT_MS, options);
  if (response.status === 204) return undefined as T;
  const answer: unknown = await response.json().catch(() => null);
  if (answer === null) throw new ApiError('unexpected');
  return answer as T;
}

/**
 * A file of the box. `onProgress` hears how many bytes have come.
 * @param name what it is called when the box does not say
 */
export async function callFile(path: string, name: string, onProgress: (bytes: number) => void = () => {}): Promise<File> {
  const response = await send('GET', path, '*/*', FILE_TIMEOUT_MS, {});
  const reader = response.body?.getReader();
  if (!reader) throw new ApiError('unexpected');
  const parts: BlobPart[] = [];
  let bytes = 0;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      parts.push(part.value as BlobPart);
      onProgress((bytes += (part.value as Uint8Array).byteLength));
    }
  } catch {
    throw new ApiError('network');
  }
  const said = /filename="?([^";]+)"?/.exec(response.headers.get('content-disposition') ?? '')?.[1];
  return new File(parts, said ?? name, { type: response.headers.get('content-type') ?? 'application/octet-stream' });
}

async function send(method: string, path: string, accept: string, timeoutMs: number, options: CallOptions): Promise<Response> {
  const headers: Record<string, string> = { accept };
  let body: BodyInit | null = null;
  if (options.json !== undefined) {
    headers['content-type'] = 'application/json';
    body = JSON.stringify(options.json);
  } else if (options.jpeg) {
    headers['content-type'] = 'image/jpeg';
    body = options.jpeg;
  }
  let response: Response;
  try {
    const timeout = AbortSignal.timeout(timeoutMs);
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
    throw new ApiError('network');
  }
  if (response.ok) return response;
  const error = asError(await response.json().catch(() => null));
  if (ACCESS_LOST.includes(error.code)) accessLost(error.code);
  const into = error.code === 'customer_merged' && error.details['into'];
  if (typeof into === 'string') customerMerged(into);
  throw error;
}

function asError(answer: unknown): ApiError {
  if (typeof answer === 'object' && answer !== null && 'code' in answer && typeof answer.code === 'string') {
    const { code, details } = answer as ErrorBody;
    return new ApiError(code as ErrorCode, details);
  }
  return new ApiError('unexpected');
}
