import type { RightsRequest } from '../../contract.js';

/** Who asks: by name, or in words when there is no dossier (any more). */
export function whoOf(request: RightsRequest, t: (key: string) => string): string {
  return request.displayName ?? t(request.customerId === null ? 'requests.nobody' : 'requests.gone');
}
