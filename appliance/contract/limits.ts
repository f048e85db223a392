/** Limits that need no schema: the threads that look at pictures load this file alone. What a picture may be. */
export const MAX_FRAME_BYTES = 4_000_000;
export const MAX_FRAME_PIXELS = 25_000_000;

/** The shortest terms, in days, that a law sets to records that prove something; compliance/terms.ts says which law. */
export const KEPT_DAYS_MIN = { audit_log: 184, consent_records: 1_096, assessments: 1_096, deletion_records: 1_096 } as const;
