export { ErrorBody, IdParams, Language, LANGUAGES, PROTOCOL_VERSION } from './base.js';
export * from './access.js';
export * from './audit.js';
export * from './consent.js';
export * from './errors.js';
export * from './limits.js';
export * from './privacy.js';
export * from './rest.js';
export * from './sockets.js';
