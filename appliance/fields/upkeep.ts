import { Breath } from '../kit/index.js';
import type { Database } from '../storage/index.js';
import type { FormTables } from './form.js';
import type { ValueTables } from './valueTables.js';

/** Rows or customers dealt with in one transaction: some milliseconds. */
const PIECE = 100;

interface Deps {
  db: Database; form: FormTables; values: ValueTables;
  /** Something was deleted for good. */
  emptied(): unknown;
}

/** What follows a change of the form later, and in pieces: a store may have a hundred thousand customers with something in a field. */
export class FieldUpkeep {
  readonly #deps: Deps;
  #under: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** What is under way ends after its piece; the next start goes on. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#under.catch(() => undefined);
  }

  /** @param beforeMs what was removed before then goes @returns how many fields and options went */
  purge(beforeMs: number): Promise<{ fields: number; options: number }> {
    return this.#inTurn(() => this.#purge(beforeMs));
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#under.catch(() => undefined).then(work);
    this.#under = turn;
    return turn;
  }

  async #purge(beforeMs: number): Promise<{ fields: number; options: number }> {
    const { db, form, values, emptied } = this.#deps;
    const due = form.removedBefore(beforeMs);
    // Asked before each piece: what a manager brings back meanwhile keeps what is still there.
    const inPieces = async (isDue: () => boolean, piece: () => number): Promise<void> => {
      const breath = new Breath();
      while (!this.#stopped && db.transaction(() => (isDue() ? piece() : 0)) > 0) await breath.taken();
    };
    for (const id of due.fields) await inPieces(() => form.removedBefore(beforeMs).fields.includes(id), () => values.eraseField(id, PIECE));
    for (const id of due.options) await inPieces(() => form.removedBefore(beforeMs).options.includes(id), () => values.eraseOption(id, PIECE));
    if (this.#stopped) return { fields: 0, options: 0 };
    const gone = db.transaction(() => {
      // What was brought back meanwhile is there, with what was not deleted yet.
      const still = form.removedBefore(beforeMs);
      const [fields, options] = [due.fields.filter((id) => still.fields.includes(id)), due.options.filter((id) => still.options.includes(id))];
      for (const id of fields) form.dropField(id);
      for (const id of options) form.dropOption(id);
      form.dropEmptySections();
      return { fields: fields.length, options: options.length };
    });
    if (gone.fields + gone.options > 0) emptied();
    return gone;
  }
}
