import { PorticoError } from '../kit/index.js';
import type { Purpose } from '../contract/index.js';

/** Only this module holds the key, and only `consent/index.ts` imports this module. */
const MINT = Symbol('consent');

/**
 * Evidence that a customer's consent was looked up just now and covers a purpose. It works only inside the
 * transaction in which the look-up was made (`Consent.withProof`) and is void afterwards, so that nobody can keep
 * one. The private constructor and field make the type nominal: no other object fits where one is asked for.
 */
export class ConsentProof {
  readonly #customerId: string;
  readonly #purposes: ReadonlySet<Purpose>;
  #valid = true;

  private constructor(key: typeof MINT, customerId: string, purposes: ReadonlySet<Purpose>) {
    if (key !== MINT) throw new TypeError('only consent/ makes a ConsentProof');
    this.#customerId = customerId;
    this.#purposes = purposes;
  }

  /** @throws PorticoError consent_required when the transaction it was made in is over */
  get customerId(): string {
    this.#check();
    return this.#customerId;
  }

  covers(purpose: Purpose): boolean {
    this.#check();
    return this.#purposes.has(purpose);
  }

  #check(): void {
    if (!this.#valid) throw new PorticoError('consent_required');
  }

  /** For `consent/index.ts` alone: makes a proof, lends it to `use`, and voids it. */
  static lend<T>(customerId: string, purposes: ReadonlySet<Purpose>, use: (proof: ConsentProof) => T): T {
    const proof = new ConsentProof(MINT, customerId, purposes);
    try {
      return use(proof);
    } finally {
      proof.#valid = false;
    }
  }
}
