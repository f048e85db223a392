export { FLEET_FAULTS, NOT_MERGED, type FleetFault, type FleetFaultCode } from './faults.js';
export { readFleetKeys, type FleetKeys } from './keys.js';
export { FLEET_TABLES } from './output.js';
export { verifyFleet, type FleetOptions, type FleetReport } from './verify.js';
export type { StoreReport } from './work.js';
