-- access -------------------------------------------------------------------------------------------------------
-- A third scope: the iPad is in a customer's hands. A CHECK cannot be changed in place.
CREATE TABLE session_next (
  token_hash BLOB PRIMARY KEY,
  staff_id TEXT NOT NULL REFERENCES staff (id),
  device_id TEXT NOT NULL REFERENCES device (id),
  scope TEXT NOT NULL CHECK (scope IN ('staff', 'front_desk', 'handed_over')),
  expires_at_ms INTEGER NOT NULL,
  used_at_ms INTEGER NOT NULL,
  locked_at_ms INTEGER,
  -- Whose hands. No reference: a dossier that is erased ends such a session, and is not kept by it.
  handed_to TEXT,
  CHECK ((scope = 'handed_over') = (handed_to IS NOT NULL))
) STRICT;
INSERT INTO session_next SELECT token_hash, staff_id, device_id, scope, expires_at_ms, used_at_ms, locked_at_ms, NULL FROM session;
DROP TABLE session;
ALTER TABLE session_next RENAME TO session;
