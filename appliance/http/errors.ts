import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { Socket } from 'node:net';
import { isPorticoError, PorticoError } from '../kit/index.js';
import { BARE_HEADERS } from './headers.js';

/** What a thrown value means to the caller. The text of an unknown error never leaves. */
export function toPorticoError(error: unknown): PorticoError {
  if (isPorticoError(error)) return error;
  const { code, statusCode, validation, validationContext } = error as Partial<FastifyError>;
  if (validation !== undefined) {
    const first = validation[0];
    return new PorticoError('bad_request', { where: `${validationContext ?? ''}${first?.instancePath ?? ''}`, problem: first?.message ?? '' });
  }
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new PorticoError('body_too_large');
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new PorticoError('unsupported_media_type');
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return new PorticoError('malformed_json');
    case undefined:
    default:
      if (statusCode === 429) return new PorticoError('too_many_requests');
      return statusCode !== undefined && statusCode >= 400 && statusCode < 500
        ? new PorticoError('bad_request')
        : new PorticoError('internal', undefined, { cause: error });
  }
}

export function handleError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const known = toPorticoError(error);
  if (known.status >= 500) request.log.error({ err: known.cause ?? known, errorCode: known.code, route: request.routeOptions.url }, 'a request failed');
  const seconds = known.details?.['retryAfterSeconds'];
  if (seconds !== undefined) void reply.header('retry-after', String(seconds));
  void reply.status(known.status).header('cache-control', 'no-store').send(known.toBody());
}

/** What is no HTTP, too long or too slow is answered in the one form of error too, and the connection ends. */
export function refuseConnection(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const status = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
  const body = JSON.stringify(new PorticoError('bad_request').toBody());
  const headers = { ...BARE_HEADERS, 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body), connection: 'close' };
  if (socket.writable) socket.write(`HTTP/1.1 ${status}\r\n${Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`);
  socket.destroy();
}
