export * from './errors.js';
export * from './limits.js';
export * from './rest.js';
export * from './sockets.js';
