import { BROKEN_NAMED_MAX, RECORD_KINDS, type AuditVerification, type RecordKind } from '../contract/index.js';
import { Breath, isPorticoError } from '../kit/index.js';
import type { Audit } from './index.js';

/** What came of looking at all records of one kind: how many there are, and which do not fit, or are missing. */
export interface RecordCheck { checked: number; broken: string[] }
/** Each by the room that owns the table. */
export type Checks = Record<RecordKind, () => Promise<RecordCheck>>;

/**
 * The whole check: the chain, then every record that it holds fast. In pieces between which other work is done; whoever asks while one is
 * under way gets its outcome.
 */
export class Verification {
  readonly #audit: Audit;
  readonly #checks: Checks;
  #running: Promise<AuditVerification> | null = null;
  #last: AuditVerification | null = null;

  constructor(audit: Audit, checks: Checks) {
    this.#audit = audit;
    this.#checks = checks;
  }

  /** The newest outcome; null: none since the start. */
  get last(): AuditVerification | null {
    return this.#last;
  }

  run(): Promise<AuditVerification> {
    this.#running ??= this.against().then((result) => (this.#last = result)).finally(() => { this.#running = null; });
    return this.#running;
  }

  /**
   * @param expected an entry as some paper that left the box has it: also that one must stand here
   * @throws RangeError when that entry is over its term and gone
   */
  async against(expected?: { seq: number; hash: string }): Promise<AuditVerification> {
    const chain = await this.#audit.verify(expected);
    const records: AuditVerification['records'] = [];
    for (const kind of RECORD_KINDS) {
      const { checked, broken } = await this.#checks[kind]();
      records.push({ kind, checked, broken: broken.length, ids: broken.slice(0, BROKEN_NAMED_MAX) });
    }
    return { ...chain, whole: chain.whole && records.every(({ broken }) => broken === 0), records };
  }
}

/**
 * Looks at records one by one, in pieces between which other work is done. Each is looked at in one go, because records and log are
 * written in one go.
 * @param isWhole one that cannot even be read, because somebody wrote over it, is not whole
 * @returns the ids of those that are not
 */
export async function checkEach<T>(records: Iterable<T> | AsyncIterable<T>, idOf: (record: T) => string, isWhole: (record: T) => boolean): Promise<RecordCheck> {
  const breath = new Breath();
  const broken: string[] = [];
  let checked = 0;
  for await (const record of records) {
    checked += 1;
    let whole: boolean;
    try {
      whole = isWhole(record);
    } catch (error) {
      if (isPorticoError(error)) throw error;
      whole = false;
    }
    if (!whole) broken.push(idOf(record));
    await breath.taken();
  }
  return { checked, broken };
}
