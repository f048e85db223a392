import type { Explanation } from '../contract/index.js';
import { toInstant } from '../kit/index.js';
import type { Database } from '../storage/index.js';

interface Row {
  visitId: string | null; atMs: number; outcome: Explanation['outcome']; score: number | null; threshold: number | null;
  templateMadeAtMs: number | null; templatePhotos: number | null; modelPack: string | null; judgedBy: string | null;
}
/** Who judged a naming: of a card that named somebody the answer of the visit's own id, of a question the "yes" that opened the visit. */
const VISITS = `
  SELECT visit.id AS visitId, opened_at_ms AS atMs,
    CASE WHEN end_reason IN ('not_this_person', 'corrected') THEN 'not_this_person' WHEN arrival = 'confirmed' THEN 'asked_yes' ELSE 'named' END AS outcome,
    visit.score, visit.threshold, visit.template_made_at_ms AS templateMadeAtMs, visit.template_photos AS templatePhotos, visit.model_pack AS modelPack,
    (SELECT name FROM sighting_answer JOIN staff ON staff.id = staff_id
     WHERE sighting_answer.id = visit.id OR (arrival = 'confirmed' AND kind = 'asked' AND sighting_answer.customer_id = visit.customer_id AND at_ms = opened_at_ms)
     LIMIT 1) AS judgedBy
  FROM visit WHERE customer_id = ? AND arrival <> 'by_hand'`;
/** Questions that opened no visit; a "yes" that was taken back later is told with its visit. */
const QUESTIONS = `
  SELECT NULL, at_ms, 'asked_' || answer, score, threshold, template_made_at_ms, template_photos, model_pack, name
  FROM sighting_answer JOIN staff ON staff.id = staff_id
  WHERE customer_id = ? AND kind = 'asked' AND answer <> 'yes'
  AND NOT EXISTS (SELECT 1 FROM visit WHERE visit.customer_id = sighting_answer.customer_id AND arrival = 'confirmed' AND opened_at_ms = at_ms)`;

/** Why the box named or asked about somebody, each time it did. */
export class Explanations {
  readonly #db: Database;

  constructor(deps: { db: Database }) {
    this.#db = deps.db;
  }

  /** Newest first. @param customerIds a customer's own and those of dossiers merged into it */
  of(customerIds: readonly string[]): Explanation[] {
    return customerIds.flatMap((id) => this.#db.all<Row>(`${VISITS} UNION ALL ${QUESTIONS}`, id, id))
      .sort((a, b) => b.atMs - a.atMs)
      .map(({ atMs, templateMadeAtMs, ...row }) => ({
        ...row, at: toInstant(atMs), templateMadeAt: templateMadeAtMs === null ? null : toInstant(templateMadeAtMs),
      }));
  }
}
