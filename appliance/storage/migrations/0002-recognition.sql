-- gallery ------------------------------------------------------------------------------------------------------
-- Where each photo of a template came from: the enrolment, or a later sighting that a member of staff confirmed.
ALTER TABLE template_photo ADD COLUMN source TEXT NOT NULL DEFAULT 'enrolment' CHECK (source IN ('enrolment', 'refresh'));
ALTER TABLE template_photo ADD COLUMN taken_at_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE template_photo ADD COLUMN confirmed_by TEXT REFERENCES staff (id);
UPDATE template_photo SET taken_at_ms = (SELECT made_at_ms FROM template WHERE template.id = template_id) WHERE taken_at_ms = 0;

-- Whether what was added since the enrolment looks unlike it. Kept, so that a count needs no vectors.
ALTER TABLE template ADD COLUMN drifts INTEGER NOT NULL DEFAULT 0;
CREATE INDEX template_drifting ON template (model_id) WHERE drifts = 1;

-- The pictures of an enrolment, cut to the face; only with consent to keep them.
CREATE TABLE kept_photo (
  customer_id TEXT NOT NULL REFERENCES customer (id),
  position INTEGER NOT NULL,
  pose TEXT NOT NULL,
  taken_at_ms INTEGER NOT NULL,
  jpeg BLOB NOT NULL,
  PRIMARY KEY (customer_id, position)
) STRICT;

-- After "not this person": how much more than others this customer must match, for a time, and the score from which the box names
-- them again rather than asks. Numbers, not a face.
CREATE TABLE score_offset (
  customer_id TEXT PRIMARY KEY REFERENCES customer (id),
  cosine REAL NOT NULL CHECK (cosine > 0 AND cosine <= 0.1),
  named_from REAL NOT NULL,
  until_ms INTEGER NOT NULL
) STRICT;

-- What the manager chose in the page; without a row the settings of the box count.
CREATE TABLE fpir_choice (
  only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
  known REAL NOT NULL,
  candidate REAL NOT NULL,
  staff_id TEXT NOT NULL REFERENCES staff (id),
  at_ms INTEGER NOT NULL
) STRICT;

-- consent ------------------------------------------------------------------------------------------------------
-- Asked at each start and every hour.
CREATE INDEX consent_due ON consent (valid_until) WHERE ended_at_ms IS NULL;
CREATE INDEX consent_ended ON consent (ended_at_ms) WHERE ended_at_ms IS NOT NULL;

-- recognition --------------------------------------------------------------------------------------------------
-- What an answer was about: a card that had named somebody, or one that asked.
ALTER TABLE sighting_answer ADD COLUMN kind TEXT NOT NULL DEFAULT 'asked' CHECK (kind IN ('named', 'asked'));
-- ("Not this person" to a visit that staff had confirmed: there the box only asked.)
UPDATE sighting_answer SET kind = 'named' WHERE id IN (SELECT id FROM visit WHERE arrival = 'recognised');
CREATE INDEX sighting_answer_by_time ON sighting_answer (at_ms);

-- How many faces were decided on, by day. Counts only: nothing tells one stranger from another.
CREATE TABLE recognition_count (
  day TEXT NOT NULL,
  decision TEXT NOT NULL CHECK (decision IN ('known', 'candidate', 'unknown')),
  tracks INTEGER NOT NULL,
  PRIMARY KEY (day, decision)
) STRICT;

-- visits -------------------------------------------------------------------------------------------------------
-- One more reason to end: 'corrected'. A CHECK cannot be changed in place.
CREATE TABLE visit_next (
  id TEXT PRIMARY KEY,
  customer_id TEXT NOT NULL REFERENCES customer (id),
  opened_at_ms INTEGER NOT NULL,
  last_seen_at_ms INTEGER NOT NULL,
  closed_at_ms INTEGER,
  end_reason TEXT CHECK (end_reason IN ('left', 'by_hand', 'not_this_person', 'consent_withdrawn', 'corrected')),
  arrival TEXT NOT NULL CHECK (arrival IN ('recognised', 'confirmed', 'by_hand')),
  score REAL,
  adviser_id TEXT REFERENCES staff (id)
) STRICT;
INSERT INTO visit_next SELECT id, customer_id, opened_at_ms, last_seen_at_ms, closed_at_ms, end_reason, arrival, score, adviser_id FROM visit ORDER BY rowid;
DROP TABLE visit;
ALTER TABLE visit_next RENAME TO visit;
CREATE UNIQUE INDEX visit_one_open ON visit (customer_id) WHERE closed_at_ms IS NULL;
CREATE INDEX visit_by_customer ON visit (customer_id, opened_at_ms);

-- customers ----------------------------------------------------------------------------------------------------
-- A dossier that turned out to be another one's twin on paper: hidden, and everything it had is there.
ALTER TABLE customer ADD COLUMN merged_into_id TEXT REFERENCES customer (id);

CREATE TABLE customer_merge (
  id TEXT PRIMARY KEY,
  from_id TEXT NOT NULL REFERENCES customer (id),
  into_id TEXT NOT NULL REFERENCES customer (id),
  -- The phone number that went along, because the other dossier had none.
  phone_moved TEXT,
  staff_id TEXT NOT NULL REFERENCES staff (id),
  at_ms INTEGER NOT NULL,
  undone_at_ms INTEGER
) STRICT;
CREATE INDEX customer_merge_by_into ON customer_merge (into_id, at_ms);

-- Which rows went along, so that exactly these can go back.
CREATE TABLE customer_merge_row (
  merge_id TEXT NOT NULL REFERENCES customer_merge (id),
  kind TEXT NOT NULL CHECK (kind IN ('note', 'follow_up', 'visit')),
  row_id TEXT NOT NULL,
  PRIMARY KEY (merge_id, kind, row_id)
) STRICT;
