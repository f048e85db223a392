-- The box itself: nothing here is about anybody.

-- health: what has to outlive a start, each by its name: how often the power went, when the clock was last seen.
CREATE TABLE box_fact (name TEXT PRIMARY KEY, value TEXT NOT NULL, at_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- backup: each run, successful or not. target is a kind, never an address with a user's name in it.
CREATE TABLE backup_run (
  id TEXT PRIMARY KEY,
  started_at_ms INTEGER NOT NULL,
  finished_at_ms INTEGER,
  target TEXT NOT NULL CHECK (target IN ('folder', 'sftp')),
  asked_by TEXT NOT NULL CHECK (asked_by IN ('night', 'staff', 'console')),
  -- running: nothing is known of its end yet; after a start that is interrupted.
  outcome TEXT NOT NULL CHECK (outcome IN ('running', 'done', 'failed')),
  error_code TEXT,
  file_name TEXT,
  bytes INTEGER,
  -- When it was read back from where it lies, opened and checked.
  verified_at_ms INTEGER,
  CHECK (outcome <> 'done' OR (finished_at_ms IS NOT NULL AND verified_at_ms IS NOT NULL AND error_code IS NULL)),
  CHECK (outcome <> 'failed' OR (finished_at_ms IS NOT NULL AND error_code IS NOT NULL))
) STRICT;
CREATE INDEX backup_run_by_start ON backup_run (started_at_ms);
-- backup: since when none is made by itself, because this file was put back onto another box and nobody has asked for one there.
CREATE TABLE backup_hold (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), since_ms INTEGER NOT NULL) STRICT;

-- storage: the id of the vault that this file works with; a backup of it says so, and only beside that vault it is the same box. Empty: written at the start.
ALTER TABLE vault_pair ADD COLUMN vault_id BLOB NOT NULL DEFAULT x'';
