-- erasure ------------------------------------------------------------------------------------------------------
-- The versions before deleted neither facts nor follow-ups, whatever purposes ended: their records tell of what went. Of all of them:
-- one that is under way is finished as it was begun.
UPDATE vault.deletion SET purposes = trim(replace(replace(' ' || purposes || ' ', ' preferences ', ' '), ' contact ', ' ')) WHERE purposes LIKE '%preferences%' OR purposes LIKE '%contact%';
UPDATE deletion_pending SET purposes = trim(replace(replace(' ' || purposes || ' ', ' preferences ', ' '), ' contact ', ' ')) WHERE purposes LIKE '%preferences%' OR purposes LIKE '%contact%';
-- Completed deletions, as in the vault: so that an older vault that is put back shows, and gets its records back.
CREATE TABLE deletion_done (
  id TEXT PRIMARY KEY,
  seq INTEGER NOT NULL,
  customer_id TEXT NOT NULL,
  scope TEXT NOT NULL,
  reason TEXT NOT NULL,
  purposes TEXT NOT NULL,
  requested_at_ms INTEGER NOT NULL,
  templates INTEGER NOT NULL,
  keys INTEGER NOT NULL,
  completed_at_ms INTEGER NOT NULL
) STRICT;
INSERT INTO deletion_done (id, seq, customer_id, scope, reason, purposes, requested_at_ms, templates, keys, completed_at_ms)
  SELECT id, seq, customer_id, scope, reason, purposes, requested_at_ms, templates, keys, completed_at_ms FROM vault.deletion
  WHERE completed_at_ms IS NOT NULL AND seq <= (SELECT last_deletion FROM vault_pair);

-- storage ------------------------------------------------------------------------------------------------------
-- The vault has the same value as long as both files know the same deletions. A new one: the next start compares them all.
ALTER TABLE vault_pair ADD COLUMN deletions BLOB NOT NULL DEFAULT x'';
-- Records of deletions completed before this are over their term, milliseconds since 1970.
ALTER TABLE vault_pair ADD COLUMN deletions_kept_from_ms INTEGER NOT NULL DEFAULT 0;
-- 1: `portico vault new` has begun and not finished.
ALTER TABLE vault_pair ADD COLUMN renewing INTEGER NOT NULL DEFAULT 0;
-- And where this file is ahead of the vault beside it, that one is an older one: its keys and vectors are gone through.
UPDATE vault_pair SET deletions = randomblob(16),
  token = CASE WHEN last_deletion > (SELECT coalesce(max(seq), 0) FROM vault.deletion) THEN randomblob(16) ELSE token END;
