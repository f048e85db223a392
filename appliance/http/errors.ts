import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { isPorticoError, PorticoError } from '../kit/index.js';

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
  void reply.status(known.status).send(known.toBody());
}
