import { THE_BOX, type Actor, type Audit } from '../audit/index.js';
import { EXPORT_DEAD, EXPORT_ERRORS, type ExportDelivery, type ExportError } from '../contract/index.js';
import { isPorticoError, PorticoError, toInstant, type Clock, type Logger } from '../kit/index.js';
import type { Database } from '../storage/index.js';
import type { Connector, Parcel } from './connectors/connector.js';
import type { MadeDays } from './madeDays.js';

const MINUTE_MS = 60_000;
/** Between tries: doubled each time up to this, so that head office back after a week has everything within the day. */
const WAIT_MAX_MS = 6 * 60 * MINUTE_MS;
/** One try in all: whoever feeds it byte by byte would hold back every release after it. */
const TRY_MAX_MS = 5 * MINUTE_MS;
const GIVE_UP_AFTER_MS = 60 * 24 * 60 * MINUTE_MS;
/** Head office may have asked to wait a day; a time further off is from a clock that was set back since. */
const NEXT_MAX_MS = 25 * 60 * MINUTE_MS;

interface DeliveryRow {
  day: string; state: 'waiting' | 'delivered' | 'dead'; tries: number; since_ms: number; last_tried_at_ms: number | null; next_try_at_ms: number | null;
  delivered_at_ms: number | null; error_code: ExportError | null;
}

/**
 * How long until the next try: half of it certain, half by chance, so that a thousand boxes do not come back in the same second.
 * @param tries so far, from 1 on @param chance 0..1 @returns ms
 */
export function waitMs(tries: number, chance: number): number {
  const most = Math.min(WAIT_MAX_MS, MINUTE_MS * 2 ** Math.min(tries - 1, 20));
  return Math.round(most / 2 + (chance * most) / 2);
}

/** What was made and has not arrived: oldest first, tried again by itself, until head office has it or somebody has to look. */
export class Outbox {
  readonly #deps: { db: Database; clock: Clock; audit: Audit; log: Logger; connector: Connector | null; madeDays: MadeDays; parcelOf: (day: string) => Parcel; chance: () => number; tryMaxMs: number };
  /** The one under way. */
  #sending: { day: string; share: number } | null = null;
  readonly #stopping = new AbortController();

  constructor(deps: { db: Database; clock: Clock; audit: Audit; log: Logger; connector: Connector | null; madeDays: MadeDays; parcelOf: (day: string) => Parcel; chance?: () => number; tryMaxMs?: number }) {
    this.#deps = { chance: Math.random, tryMaxMs: TRY_MAX_MS, ...deps };
  }

  /**
   * Sends what is due. One that head office does not take now holds back those after it, which would fare the same; one that it will never take does not.
   */
  async work(): Promise<void> {
    const { connector, clock, db } = this.#deps;
    if (connector === null) return;
    for (const row of db.all<DeliveryRow>(`SELECT * FROM release_delivery WHERE state = 'waiting' ORDER BY day`)) {
      const now = clock.now();
      if (this.#stopping.signal.aborted || (row.next_try_at_ms! > now && row.next_try_at_ms! <= now + NEXT_MAX_MS)) return;
      if (!(await this.#send(row, connector))) return;
    }
  }

  /** What is under way is cut off, and sent again at the next start: head office takes it as the same. */
  stop(): void {
    this.#stopping.abort();
  }

  /**
   * Whatever became of it before, it is due at once, and those before it, which would hold it back: the same bytes under the same key, which head office takes as the same.
   * @throws PorticoError export_day_not_found
   */
  sendAgain(day: string, by: Actor): void {
    const { db, clock, audit } = this.#deps;
    audit.recording('release_sent_again', by, { detail: { day } }, () => {
      this.#row(day);
      const now = clock.now();
      db.run(`UPDATE release_delivery SET state = 'waiting', since_ms = ?, next_try_at_ms = ?, delivered_at_ms = NULL WHERE day = ?`, now, now, day);
      db.run(`UPDATE release_delivery SET next_try_at_ms = ? WHERE state = 'waiting' AND day < ?`, now, day);
    });
  }

  /** @throws PorticoError export_day_not_found */
  of(day: string): ExportDelivery {
    const row = this.#row(day);
    const at = (ms: number | null) => (ms === null ? null : toInstant(ms));
    const share = this.#sending?.day === day ? this.#sending.share : null;
    return {
      state: share === null ? row.state : 'sending', tries: row.tries, lastTriedAt: at(row.last_tried_at_ms), nextTryAt: at(row.next_try_at_ms),
      deliveredAt: at(row.delivered_at_ms), errorCode: row.error_code, progress: share,
    };
  }

  /** @returns how many wait, how many were given up; when the last arrived, and since when the oldest waits (ms since 1970) */
  counts(): { waiting: number; dead: number; deliveredAtMs: number | null; waitingSinceMs: number | null } {
    return this.#deps.db.get<{ waiting: number; dead: number; deliveredAtMs: number | null; waitingSinceMs: number | null }>(
      `SELECT coalesce(sum(state = 'waiting'), 0) AS waiting, coalesce(sum(state = 'dead'), 0) AS dead, max(delivered_at_ms) AS deliveredAtMs,
         min(CASE WHEN state = 'waiting' THEN since_ms END) AS waitingSinceMs FROM release_delivery`)!;
  }

  /** @returns whether the ones after it may be tried */
  async #send(row: DeliveryRow, connector: Connector): Promise<boolean> {
    const { db, clock, audit, log, madeDays, parcelOf, chance } = this.#deps;
    const { day } = row;
    const tries = row.tries + 1;
    this.#sending = { day, share: 0 };
    try {
      const parcel = parcelOf(day);
      madeDays.add(day, parcel.sha256); // before anybody sees it
      await this.#inTime((signal) => connector.deliver(parcel, (share) => { if (this.#sending?.day === day) this.#sending.share = share; }, signal));
      const now = clock.now();
      db.transaction(() => {
        db.run(`UPDATE release_delivery SET state = 'delivered', tries = ?, last_tried_at_ms = ?, next_try_at_ms = NULL, delivered_at_ms = ?, error_code = NULL WHERE day = ?`, tries, now, now, day);
        audit.record('release_sent', THE_BOX, { detail: { day, target: connector.kind, sha256: parcel.sha256 } });
      });
      log.info({ day, target: connector.kind }, 'a release arrived');
      return true;
    } catch (error) {
      const now = clock.now();
      const given = codeOf(error);
      const code = !EXPORT_DEAD.includes(given) && now - row.since_ms > GIVE_UP_AFTER_MS ? 'export_tried_too_long' : given;
      const isDead = EXPORT_DEAD.includes(code);
      if (code === 'export_interrupted') { // the box stopped: no try of head office's
        db.run('UPDATE release_delivery SET last_tried_at_ms = ?, next_try_at_ms = ?, error_code = ? WHERE day = ?', now, now, code, day);
        return false;
      }
      const asked = isPorticoError(error) ? Number(error.details?.['retryAfterMs'] ?? 0) : 0;
      log.warn({ day, errorCode: code, tries, err: given === 'export_failed' ? error : undefined }, 'a release did not arrive');
      db.transaction(() => {
        db.run(`UPDATE release_delivery SET state = ?, tries = ?, last_tried_at_ms = ?, next_try_at_ms = ?, error_code = ? WHERE day = ?`,
          isDead ? 'dead' : 'waiting', tries, now, isDead ? null : now + Math.max(waitMs(tries, chance()), asked), code, day);
        if (isDead) audit.record('release_given_up', THE_BOX, { detail: { day, code } });
      });
      return isDead;
    } finally {
      this.#sending = null;
    }
  }

  /** A server or a disk that hangs must keep neither the box from stopping nor other releases from leaving. @throws PorticoError export_interrupted, export_unreachable */
  async #inTime(deliver: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const cut = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(this.#deps.tryMaxMs)]);
    const isCut = new Promise<never>((_resolve, reject) => { cut.addEventListener('abort', () => reject(new Error('cut off'))); });
    const work = deliver(cut);
    try {
      await Promise.race([work, isCut]);
    } catch (cause) {
      work.catch(() => undefined); // it ends by itself, and nobody listens
      if (this.#stopping.signal.aborted) throw new PorticoError('export_interrupted', {}, { cause });
      throw cut.aborted ? new PorticoError('export_unreachable', { reason: 'it took too long' }, { cause }) : cause;
    }
  }

  #row(day: string): DeliveryRow {
    const row = this.#deps.db.get<DeliveryRow>('SELECT * FROM release_delivery WHERE day = ?', day);
    if (row === undefined) throw new PorticoError('export_day_not_found');
    return row;
  }
}

function codeOf(error: unknown): ExportError {
  const code = isPorticoError(error) ? error.code : 'export_failed';
  return (EXPORT_ERRORS as readonly string[]).includes(code) ? code as ExportError : 'export_failed';
}
