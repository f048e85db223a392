export * from './biometric.js';
export * from './boundedMap.js';
export * from './clock.js';
export * from './egress.js';
export * from './errors.js';
export * from './estimate.js';
export * from './log.js';
export * from './machine.js';
