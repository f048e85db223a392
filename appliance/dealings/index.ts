import type { EventBus } from '../events/index.js';
import type { Clock } from '../kit/index.js';
import type { Products } from '../products/index.js';
import type { Database, MovableRows } from '../storage/index.js';
import { Appointments } from './appointments.js';
import type { Need } from './once.js';
import { Purchases } from './purchases.js';
import { Tickets } from './tickets.js';
import { Wishes } from './wishes.js';

export { TAKE_BACK_MS, type Bought } from './purchases.js';

/** What a customer and the store have to do with each other. */
export class Dealings {
  readonly wishes: Wishes;
  readonly purchases: Purchases;
  readonly tickets: Tickets;
  readonly appointments: Appointments;
  /** What goes along when dossiers are merged. */
  readonly rows: readonly MovableRows[];
  #need: Need | null = null;

  constructor(deps: { db: Database; clock: Clock; events: EventBus; products: Products; timeZone: string }) {
    const need = (): Need => {
      if (this.#need === null) throw new Error('what dealings need was not handed in');
      return this.#need;
    };
    this.wishes = new Wishes({ ...deps, need });
    this.purchases = new Purchases({ ...deps, wishes: this.wishes, need });
    this.tickets = new Tickets({ ...deps, need });
    this.appointments = new Appointments({ ...deps, need });
    this.rows = [this.wishes, this.purchases, this.tickets, this.appointments].map(({ rows }) => rows);
  }

  /** What is known of customers, consent and visits. Must be given before anything is added. */
  need(need: Need): void {
    this.#need = need;
  }

  /** Deletes all that a customer and the store had to do with each other. */
  erase(customerId: string): void {
    for (const each of [this.wishes, this.purchases, this.tickets, this.appointments]) each.erase(customerId);
  }

  /** For the retention table: tickets that are done, appointments that are over, wishes that ended. */
  readonly retention = {
    kind: 'service_records',
    count: (): number => this.tickets.countDone() + this.appointments.countOver() + this.wishes.countEnded(),
    deleteBefore: (ms: number, held: readonly string[]): number => {
      const waiting = JSON.stringify(held);
      return this.tickets.deleteBefore(ms, waiting) + this.appointments.deleteBefore(ms, waiting) + this.wishes.deleteBefore(ms, waiting);
    },
  } as const;
}
