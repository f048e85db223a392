import type { Decision, RecognitionQuality } from '../contract/index.js';
import type { Gallery } from '../gallery/index.js';
import { estimateShare, toDay, type Clock } from '../kit/index.js';
import type { Database } from '../storage/index.js';

/** Answers older than this say little about the present photos, light and models. */
const WINDOW_DAYS = 90;
const DAY_MS = 86_400_000;

/** How good recognition is in this store, from what staff answer to cards, and how many faces were nobody's. */
export class Quality {
  readonly #deps: { db: Database; clock: Clock; gallery: Gallery; timeZone: string; modelPack: string };
  /** Tracks decided since the last `save`. */
  #unsaved: Record<Decision, number> = { known: 0, candidate: 0, unknown: 0 };

  constructor(deps: { db: Database; clock: Clock; gallery: Gallery; timeZone: string; modelPack: string }) {
    this.#deps = deps;
  }

  /** A track ended with this decision. Only the number is kept. */
  count(decision: Decision): void {
    this.#unsaved[decision] += 1;
  }

  /** Adds the counts to today's. A power cut loses what came since. */
  save(): void {
    const { db, clock, timeZone } = this.#deps;
    const counts = Object.entries(this.#unsaved).filter(([, tracks]) => tracks > 0);
    if (counts.length === 0) return;
    const day = toDay(clock.now(), timeZone);
    db.transaction(() => {
      for (const [decision, tracks] of counts) {
        db.run(`INSERT INTO recognition_count (day, decision, tracks) VALUES (?, ?, ?)
          ON CONFLICT (day, decision) DO UPDATE SET tracks = tracks + excluded.tracks WHERE day = excluded.day`, day, decision, tracks);
      }
    });
    this.#unsaved = { known: 0, candidate: 0, unknown: 0 };
  }

  /** For the retention table: counts are about no person; their days are rows. */
  readonly retention = {
    kind: 'recognition_counts',
    count: (): number => this.#deps.db.get<{ n: number }>('SELECT count(*) AS n FROM recognition_count')!.n,
    deleteBefore: (ms: number): number =>
      this.#deps.db.run('DELETE FROM recognition_count WHERE day < ?', toDay(ms, this.#deps.timeZone)).changes,
  } as const;

  report(): RecognitionQuality {
    const { gallery, modelPack } = this.#deps;
    this.save();
    const { named, asked } = this.#answers();
    const strangers = this.#tracks('unknown') + asked.no + named.no;
    return {
      modelPack, enrolled: gallery.size(), photosWanted: gallery.ofOtherPacks().length, drifting: gallery.drifting(),
      chosen: gallery.fpir(), thresholds: gallery.thresholds(), days: WINDOW_DAYS,
      named: { right: named.yes, wrong: named.no, wrongShare: estimateShare(named.no, named.yes + named.no) },
      asked: { ...asked, yesShare: estimateShare(asked.yes, asked.yes + asked.no) },
      strangers: { seen: strangers, named: named.no, fpir: estimateShare(named.no, strangers) },
    };
  }

  #answers(): Record<'named' | 'asked', { yes: number; no: number; unsure: number }> {
    const { db, clock } = this.#deps;
    const result = { named: { yes: 0, no: 0, unsure: 0 }, asked: { yes: 0, no: 0, unsure: 0 } };
    const rows = db.all<{ kind: 'named' | 'asked'; answer: 'yes' | 'no' | 'unsure'; n: number }>(
      'SELECT kind, answer, count(*) AS n FROM sighting_answer WHERE at_ms >= ? GROUP BY kind, answer', clock.now() - WINDOW_DAYS * DAY_MS);
    for (const { kind, answer, n } of rows) result[kind][answer] = n;
    return result;
  }

  #tracks(decision: Decision): number {
    const { db, clock, timeZone } = this.#deps;
    return db.get<{ n: number }>('SELECT coalesce(sum(tracks), 0) AS n FROM recognition_count WHERE decision = ? AND day >= ?',
      decision, toDay(clock.now() - WINDOW_DAYS * DAY_MS, timeZone))!.n;
  }
}
