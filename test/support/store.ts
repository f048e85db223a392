/** Customers of a test store, enrolled through the front door. */
import type { CustomerCreate, Purpose } from '../../appliance/contract/index.js';
import type { TestBox } from './box.js';
import { portrait } from './scene.js';

export interface EnrolOptions extends Partial<CustomerCreate> {
  photos?: readonly Uint8Array[];
  /** Default: recognition and greeting, and preferences where there are facts. */
  purposes?: Purpose[];
  /** Last day of the consent; default: half a year from the real today. */
  validUntil?: string;
  /** The face is enrolled for somebody else already, as with twins. */
  despiteLikeness?: boolean;
}

/** Makes a customer of a person in the sample photos, with consent and a template. @returns the customer's id */
export async function enrolPerson(box: TestBox, person: string, options: EnrolOptions = {}): Promise<string> {
  const { photos, purposes, validUntil, despiteLikeness = false, ...fields } = options;
  const customer = await box.owner.createCustomer({ displayName: `顾客${person}`, ...fields });
  await box.owner.giveConsent(customer.id, {
    purposes: purposes ?? ['recognise', 'greet', ...(fields.facts === undefined ? [] : ['preferences' as const])], ...(validUntil === undefined ? {} : { validUntil }),
  });
  await box.owner.enrol(customer.id, photos ?? [await portrait(person)], despiteLikeness);
  return customer.id;
}
