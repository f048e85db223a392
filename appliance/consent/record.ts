import { NOTICE_FIELDS, type Consent, type ConsentEvidence, type Signature } from '../contract/index.js';
import { PorticoError, toInstant } from '../kit/index.js';
import type { Database } from '../storage/index.js';

type Evidence = Omit<ConsentEvidence, Exclude<keyof Consent, 'id'>>;

/**
 * What proves a consent besides its own record: whose it is, the device, the notice as it was read, the strokes as they came in.
 * @throws PorticoError consent_not_found
 */
export function readEvidence(db: Database, consentId: string): Evidence {
  const row = db.get<{
    customer_id: string; display_name: string | null; device: string; notice_id: string; notice_hash: string; published_at_ms: number;
    language: string; signature: string;
  }>(
    `SELECT consent.customer_id, customer.display_name, device.name AS device, notice_id, notice_hash, published_at_ms, language, signature
     FROM consent JOIN notice ON notice.id = notice_id JOIN device ON device.id = device_id LEFT JOIN customer ON customer.id = consent.customer_id
     WHERE consent.id = ?`, consentId);
  if (row === undefined) throw new PorticoError('consent_not_found');
  const text = db.all<{ field: (typeof NOTICE_FIELDS)[number]; text: string }>(
    'SELECT field, text FROM notice_section WHERE notice_id = ? AND language = ?', row.notice_id, row.language);
  return {
    id: consentId, customerId: row.customer_id, displayName: row.display_name, device: row.device,
    notice: {
      id: row.notice_id, hash: row.notice_hash, publishedAt: toInstant(row.published_at_ms),
      text: NOTICE_FIELDS.flatMap((field) => text.filter((section) => section.field === field)),
    },
    signature: JSON.parse(row.signature) as Signature,
  };
}
