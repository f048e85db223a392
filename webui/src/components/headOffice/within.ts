import type { CheckState, ExportDelivery } from '../../contract.js';

/** The same pages stand in the privacy office and beside the box; this is the name of the list's page there. */
export type Within = 'privacy-export' | 'box-export';

/** How a delivery looks; what waits for its first try or its turn is nothing to look into. */
export function markOf({ state, errorCode }: ExportDelivery): CheckState {
  switch (state) {
    case 'delivered': return 'ok';
    case 'sending': return 'off';
    case 'waiting': return errorCode === null ? 'off' : 'warning';
    case 'dead': return 'failed';
  }
}
