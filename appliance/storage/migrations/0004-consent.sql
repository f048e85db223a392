-- consent: notices, guardians, refusals, seals, links ----------------------------------------------------------
ALTER TABLE notice ADD COLUMN material INTEGER NOT NULL DEFAULT 0 CHECK (material IN (0, 1));
-- Until the store publishes a notice of its own, the built-in one goes with the product.
ALTER TABLE notice ADD COLUMN origin TEXT NOT NULL DEFAULT 'built_in' CHECK (origin IN ('built_in', 'store'));
ALTER TABLE notice ADD COLUMN staff_id TEXT REFERENCES staff (id);
-- Asked with each look-up of a consent.
CREATE INDEX notice_material ON notice (version) WHERE material = 1;

CREATE TABLE notice_draft (
  only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
  max_term_days INTEGER NOT NULL,
  material INTEGER NOT NULL,
  saved_at_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE notice_draft_section (
  language TEXT NOT NULL,
  field TEXT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (language, field)
) STRICT;

-- What was ticked when it was signed, in that order; consent_purpose says what holds of it now.
ALTER TABLE consent ADD COLUMN purposes_given TEXT NOT NULL DEFAULT '';
UPDATE consent SET purposes_given = coalesce(
  (SELECT group_concat(purpose, ',' ORDER BY rowid) FROM consent_purpose WHERE consent_id = consent.id), '') WHERE purposes_given = '';
ALTER TABLE consent ADD COLUMN guardian_name TEXT;
ALTER TABLE consent ADD COLUMN guardian_relation TEXT;
ALTER TABLE consent ADD COLUMN child_birth_day TEXT;
-- SHA-256 over all of the above that does not change; the audit chain holds the same.
ALTER TABLE consent ADD COLUMN seal TEXT;

CREATE TABLE refusal (
  id TEXT PRIMARY KEY,
  customer_id TEXT NOT NULL REFERENCES customer (id),
  refused_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX refusal_by_customer ON refusal (customer_id, refused_at_ms);

-- What the customers' own links are made with.
CREATE TABLE link_secret (
  only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
  secret BLOB NOT NULL
) STRICT;
