import type { CheckState, ExportDelivery } from '../../contract.js';

/** The same pages stand in the privacy office and beside the box; this is the name of the list's page there. */
export type Within = 'privacy-export' | 'box-export';

/** How a delivery looks. */
export const MARKS: Readonly<Record<ExportDelivery['state'], CheckState>> = { delivered: 'ok', sending: 'off', waiting: 'warning', dead: 'failed' };
