-- visits -------------------------------------------------------------------------------------------------------
-- What a naming rested on, so that it can be explained later. Emptied together with the score when the customer withdraws.
ALTER TABLE visit ADD COLUMN threshold REAL;
ALTER TABLE visit ADD COLUMN template_made_at_ms INTEGER;
ALTER TABLE visit ADD COLUMN template_photos INTEGER;
ALTER TABLE visit ADD COLUMN model_pack TEXT;

-- recognition --------------------------------------------------------------------------------------------------
-- The same for a question that was answered with no: it opened no visit.
ALTER TABLE sighting_answer ADD COLUMN threshold REAL;
ALTER TABLE sighting_answer ADD COLUMN template_made_at_ms INTEGER;
ALTER TABLE sighting_answer ADD COLUMN template_photos INTEGER;
ALTER TABLE sighting_answer ADD COLUMN model_pack TEXT;
CREATE INDEX sighting_answer_by_customer ON sighting_answer (customer_id, at_ms);

-- rights -------------------------------------------------------------------------------------------------------
-- The customer's id is no reference: a request outlives the dossier that it had erased.
CREATE TABLE rights_request (
  id TEXT PRIMARY KEY,
  customer_id TEXT,
  kind TEXT NOT NULL CHECK (kind IN ('access', 'correct', 'restrict', 'delete', 'explain', 'complaint')),
  received_on TEXT NOT NULL,
  due_on TEXT NOT NULL,
  note TEXT NOT NULL,
  recorded_at_ms INTEGER NOT NULL,
  closed_at_ms INTEGER,
  closed_by TEXT REFERENCES staff (id),
  outcome TEXT CHECK (outcome IN ('done', 'partly', 'refused', 'withdrawn_by_person')),
  reason TEXT
) STRICT;
CREATE INDEX rights_request_open ON rights_request (due_on) WHERE closed_at_ms IS NULL;
CREATE INDEX rights_request_by_customer ON rights_request (customer_id) WHERE customer_id IS NOT NULL;

CREATE TABLE restriction (
  customer_id TEXT PRIMARY KEY REFERENCES customer (id),
  reason TEXT NOT NULL,
  staff_id TEXT NOT NULL REFERENCES staff (id),
  at_ms INTEGER NOT NULL
) STRICT;

-- compliance ---------------------------------------------------------------------------------------------------
-- The mode is that of the last row; without one it is opt_in, as delivered.
CREATE TABLE mode_change (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  mode TEXT NOT NULL CHECK (mode IN ('off', 'opt_in', 'fixed_station')),
  -- The last assessment there was then: the next change needs a later one.
  assessment_seq INTEGER NOT NULL,
  staff_id TEXT NOT NULL REFERENCES staff (id),
  at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE station (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  -- The corners as drawn: JSON of contract/Zone.
  zone TEXT,
  signage_at_ms INTEGER,
  signage_by TEXT REFERENCES staff (id),
  made_at_ms INTEGER NOT NULL
) STRICT;

-- Recorded once and never changed; they go only when their term is over.
CREATE TABLE assessment (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  mode TEXT NOT NULL CHECK (mode IN ('off', 'opt_in', 'fixed_station')),
  reason TEXT NOT NULL CHECK (reason IN ('first', 'mode_change', 'incident', 'yearly', 'other')),
  purpose TEXT NOT NULL,
  impact TEXT NOT NULL,
  risks TEXT NOT NULL,
  measures TEXT NOT NULL,
  conclusion TEXT NOT NULL,
  acceptable INTEGER NOT NULL,
  -- What the box was like then: JSON of contract/Assessment.snapshot.
  snapshot TEXT NOT NULL,
  hash TEXT NOT NULL,
  keep_until TEXT NOT NULL,
  staff_id TEXT NOT NULL REFERENCES staff (id),
  at_ms INTEGER NOT NULL
) STRICT;
CREATE TRIGGER assessment_stays BEFORE UPDATE ON assessment BEGIN SELECT RAISE(ABORT, 'an assessment is never changed'); END;

-- Only what differs from the terms as delivered.
CREATE TABLE retention_rule (
  kind TEXT PRIMARY KEY,
  days INTEGER NOT NULL,
  staff_id TEXT NOT NULL REFERENCES staff (id),
  at_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE retention_run (
  kind TEXT PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  deleted INTEGER NOT NULL
) STRICT;

CREATE TABLE stored_persons (
  only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
  elsewhere INTEGER NOT NULL,
  -- The day on which the number for filing was reached first.
  reached_on TEXT,
  filed_on TEXT
) STRICT;
INSERT INTO stored_persons VALUES (1, 0, NULL, NULL);

CREATE TABLE breach (
  id TEXT PRIMARY KEY,
  drill INTEGER NOT NULL,
  happened_from_ms INTEGER NOT NULL,
  happened_to_ms INTEGER NOT NULL,
  discovered_at_ms INTEGER NOT NULL,
  -- Comma list of contract/BREACH_KINDS.
  kinds TEXT NOT NULL,
  cause TEXT NOT NULL,
  harm TEXT NOT NULL,
  measures TEXT NOT NULL,
  self_help TEXT NOT NULL,
  contact TEXT NOT NULL,
  -- As counted when it was recorded.
  affected INTEGER NOT NULL,
  unreachable INTEGER NOT NULL,
  staff_id TEXT NOT NULL REFERENCES staff (id),
  at_ms INTEGER NOT NULL
) STRICT;
