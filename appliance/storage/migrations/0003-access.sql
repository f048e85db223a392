-- access -------------------------------------------------------------------------------------------------------
-- Two more roles. A CHECK cannot be changed in place; migrations run with foreign keys off and are checked before the commit.
CREATE TABLE staff_next (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('manager', 'associate', 'privacy_officer', 'it')),
  pin_hash TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  left_at_ms INTEGER
) STRICT;
INSERT INTO staff_next SELECT id, name, role, pin_hash, created_at_ms, left_at_ms FROM staff ORDER BY rowid;
DROP TABLE staff;
ALTER TABLE staff_next RENAME TO staff;
CREATE UNIQUE INDEX staff_name ON staff (name) WHERE left_at_ms IS NULL;

-- When somebody last did something in a session, for the idle lock, and when it locked: it never opens again.
ALTER TABLE session ADD COLUMN used_at_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN locked_at_ms INTEGER;
UPDATE session SET used_at_ms = expires_at_ms - 57600000;

-- Each wrong PIN of the last day. Counts are made of them: for a person on a device, for a device, for a person elsewhere.
DROP TABLE pin_try;
CREATE TABLE pin_try (
  staff_id TEXT NOT NULL REFERENCES staff (id),
  device_id TEXT NOT NULL REFERENCES device (id),
  at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX pin_try_by_staff ON pin_try (staff_id, at_ms);
CREATE INDEX pin_try_by_device ON pin_try (device_id, at_ms);
-- Where somebody has signed in: what is tried on other devices cannot lock them out there.
CREATE TABLE known_device (
  staff_id TEXT NOT NULL REFERENCES staff (id),
  device_id TEXT NOT NULL REFERENCES device (id),
  signed_in_at_ms INTEGER NOT NULL,
  PRIMARY KEY (staff_id, device_id)
) STRICT;

-- What an authenticator knows a person by: random, so that a synchronised passkey tells nobody who works where.
CREATE TABLE passkey_user (
  staff_id TEXT PRIMARY KEY REFERENCES staff (id),
  handle BLOB NOT NULL UNIQUE
) STRICT;
CREATE TABLE passkey (
  id TEXT PRIMARY KEY,
  staff_id TEXT NOT NULL REFERENCES staff (id),
  name TEXT NOT NULL,
  -- As the authenticator names it, base64url; the host name it is bound to; its public key (COSE) and signature counter.
  credential_id TEXT NOT NULL UNIQUE,
  rp_id TEXT NOT NULL,
  public_key BLOB NOT NULL,
  counter INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  last_used_at_ms INTEGER
) STRICT;
CREATE INDEX passkey_by_staff ON passkey (staff_id);

-- audit --------------------------------------------------------------------------------------------------------
CREATE TABLE audit_entry (
  seq INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  action TEXT NOT NULL,
  staff_id TEXT,
  device_id TEXT,
  customer_id TEXT,
  detail TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_customer ON audit_entry (customer_id, seq) WHERE customer_id IS NOT NULL;
CREATE INDEX audit_by_staff ON audit_entry (staff_id, seq) WHERE staff_id IS NOT NULL;
CREATE INDEX audit_by_action ON audit_entry (action, seq);
CREATE INDEX audit_by_time ON audit_entry (at_ms);

-- Where the chain begins (entries before that are over their term), and how far it ever reached.
CREATE TABLE audit_start (
  only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
  seq INTEGER NOT NULL,
  hash TEXT NOT NULL,
  last_seq INTEGER NOT NULL
) STRICT;
INSERT INTO audit_start VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000', 0);
CREATE TRIGGER audit_reached AFTER INSERT ON audit_entry BEGIN UPDATE audit_start SET last_seq = NEW.seq WHERE only_one = 1; END;
