-- Instants are milliseconds since 1970 UTC (_ms); days are YYYY-MM-DD in the store's time zone; ids are UUIDs.

-- access -------------------------------------------------------------------------------------------------------
CREATE TABLE staff (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('manager', 'associate')),
  pin_hash TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  -- Who left stays here: their notes and visits keep a name.
  left_at_ms INTEGER
) STRICT;
CREATE UNIQUE INDEX staff_name ON staff (name) WHERE left_at_ms IS NULL;

CREATE TABLE device (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  token_hash BLOB NOT NULL UNIQUE,
  paired_at_ms INTEGER NOT NULL,
  last_seen_at_ms INTEGER,
  removed_at_ms INTEGER
) STRICT;

-- Wrong PINs count for a person on one device, so that nobody can lock a colleague out from another.
CREATE TABLE pin_try (
  staff_id TEXT NOT NULL REFERENCES staff (id),
  device_id TEXT NOT NULL REFERENCES device (id),
  wrong_pins INTEGER NOT NULL,
  locked_until_ms INTEGER NOT NULL,
  PRIMARY KEY (staff_id, device_id)
) STRICT;

CREATE TABLE pairing_code (
  code_hash BLOB PRIMARY KEY,
  expires_at_ms INTEGER NOT NULL,
  used_at_ms INTEGER
) STRICT;

CREATE TABLE session (
  token_hash BLOB PRIMARY KEY,
  staff_id TEXT NOT NULL REFERENCES staff (id),
  device_id TEXT NOT NULL REFERENCES device (id),
  scope TEXT NOT NULL CHECK (scope IN ('staff', 'front_desk')),
  expires_at_ms INTEGER NOT NULL
) STRICT;

-- customers ----------------------------------------------------------------------------------------------------
CREATE TABLE customer (
  id TEXT PRIMARY KEY,
  display_name TEXT NOT NULL,
  salutation TEXT,
  phone TEXT UNIQUE,
  tier TEXT,
  created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE customer_line (
  customer_id TEXT NOT NULL REFERENCES customer (id),
  kind TEXT NOT NULL CHECK (kind IN ('fact', 'do_not')),
  position INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (customer_id, kind, position)
) STRICT;

CREATE TABLE note (
  id TEXT PRIMARY KEY,
  customer_id TEXT NOT NULL REFERENCES customer (id),
  text TEXT NOT NULL,
  author_id TEXT NOT NULL REFERENCES staff (id),
  at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX note_by_customer ON note (customer_id, at_ms);

-- followups ----------------------------------------------------------------------------------------------------
CREATE TABLE follow_up (
  id TEXT PRIMARY KEY,
  customer_id TEXT NOT NULL REFERENCES customer (id),
  text TEXT NOT NULL,
  due_on TEXT,
  author_id TEXT NOT NULL REFERENCES staff (id),
  at_ms INTEGER NOT NULL,
  done_at_ms INTEGER
) STRICT;
CREATE INDEX follow_up_by_customer ON follow_up (customer_id, done_at_ms);

-- consent ------------------------------------------------------------------------------------------------------
CREATE TABLE notice (
  id TEXT PRIMARY KEY,
  version INTEGER NOT NULL UNIQUE,
  hash TEXT NOT NULL,
  max_term_days INTEGER NOT NULL,
  published_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE notice_section (
  notice_id TEXT NOT NULL REFERENCES notice (id),
  language TEXT NOT NULL,
  field TEXT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (notice_id, language, field)
) STRICT;

CREATE TABLE consent (
  id TEXT PRIMARY KEY,
  customer_id TEXT NOT NULL REFERENCES customer (id),
  notice_id TEXT NOT NULL REFERENCES notice (id),
  notice_hash TEXT NOT NULL,
  language TEXT NOT NULL,
  given_at_ms INTEGER NOT NULL,
  valid_until TEXT NOT NULL,
  staff_id TEXT NOT NULL REFERENCES staff (id),
  device_id TEXT NOT NULL REFERENCES device (id),
  -- The strokes as drawn: JSON of contract/Signature, evidence kept as it was received.
  signature TEXT NOT NULL,
  ended_at_ms INTEGER,
  end_reason TEXT CHECK (end_reason IN ('withdrawn', 'expired', 'replaced'))
) STRICT;
CREATE UNIQUE INDEX consent_one_active ON consent (customer_id) WHERE ended_at_ms IS NULL;
CREATE INDEX consent_by_customer ON consent (customer_id, given_at_ms);

CREATE TABLE consent_purpose (
  consent_id TEXT NOT NULL REFERENCES consent (id),
  purpose TEXT NOT NULL,
  PRIMARY KEY (consent_id, purpose)
) STRICT;

-- gallery ------------------------------------------------------------------------------------------------------
-- One template a customer and model pack; the single photos' embeddings are kept so that the mean can be remade.
CREATE TABLE template (
  id INTEGER PRIMARY KEY,
  customer_id TEXT NOT NULL REFERENCES customer (id),
  model_id TEXT NOT NULL,
  made_at_ms INTEGER NOT NULL,
  UNIQUE (customer_id, model_id)
) STRICT;

CREATE TABLE template_photo (
  template_id INTEGER NOT NULL REFERENCES template (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  pose TEXT NOT NULL,
  norm REAL NOT NULL,
  embedding BLOB NOT NULL,
  PRIMARY KEY (template_id, position)
) STRICT;

-- The searched means. The partition key keeps templates of two models apart: a search names one model.
CREATE VIRTUAL TABLE template_vector USING vec0 (
  template_id INTEGER PRIMARY KEY,
  model_id TEXT PARTITION KEY,
  embedding FLOAT[512] DISTANCE_METRIC=cosine
);

-- visits -------------------------------------------------------------------------------------------------------
CREATE TABLE visit (
  id TEXT PRIMARY KEY,
  customer_id TEXT NOT NULL REFERENCES customer (id),
  opened_at_ms INTEGER NOT NULL,
  last_seen_at_ms INTEGER NOT NULL,
  closed_at_ms INTEGER,
  end_reason TEXT CHECK (end_reason IN ('left', 'by_hand', 'not_this_person', 'consent_withdrawn')),
  arrival TEXT NOT NULL CHECK (arrival IN ('recognised', 'confirmed', 'by_hand')),
  score REAL,
  adviser_id TEXT REFERENCES staff (id)
) STRICT;
CREATE UNIQUE INDEX visit_one_open ON visit (customer_id) WHERE closed_at_ms IS NULL;
CREATE INDEX visit_by_customer ON visit (customer_id, opened_at_ms);

-- recognition --------------------------------------------------------------------------------------------------
-- What staff said to "Is this ...?", and "not this person" to a card. No vector of the face it was about.
CREATE TABLE sighting_answer (
  id TEXT PRIMARY KEY,
  customer_id TEXT NOT NULL REFERENCES customer (id),
  answer TEXT NOT NULL CHECK (answer IN ('yes', 'no', 'unsure')),
  -- Emptied when the customer withdraws.
  score REAL,
  staff_id TEXT NOT NULL REFERENCES staff (id),
  at_ms INTEGER NOT NULL
) STRICT;
