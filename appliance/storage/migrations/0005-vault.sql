-- storage ------------------------------------------------------------------------------------------------------
-- Which vault belongs to this file: the token is the vault's own as long as both were written together. A box from before has
-- another one than any vault, so at its next start all templates are sealed and the vault's vectors are made.
CREATE TABLE vault_pair (
  only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
  token BLOB NOT NULL,
  -- The last of the vault's deletions that this file has seen: a restored one is behind.
  last_deletion INTEGER NOT NULL
) STRICT;
INSERT INTO vault_pair VALUES (1, randomblob(16), 0);

-- gallery ------------------------------------------------------------------------------------------------------
-- The searched means live in the vault now; the pages of a dropped table are overwritten (secure_delete).
DROP TABLE main.template_vector;

-- The secret of this box: how embeddings are turned before they are stored.
CREATE TABLE rotation (
  only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
  seed BLOB NOT NULL CHECK (length(seed) = 32),
  made_at_ms INTEGER NOT NULL
) STRICT;

-- erasure ------------------------------------------------------------------------------------------------------
-- Deletions under way: written in the transaction that ends the consent, gone when all is done.
CREATE TABLE deletion_pending (
  id TEXT PRIMARY KEY,
  customer_id TEXT NOT NULL,
  scope TEXT NOT NULL,
  reason TEXT NOT NULL,
  -- Which purposes ended, separated by spaces.
  purposes TEXT NOT NULL,
  requested_at_ms INTEGER NOT NULL,
  templates INTEGER NOT NULL,
  -- Whether the rows of this file are gone; the log may still have to be emptied.
  rows_gone INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX deletion_pending_by_customer ON deletion_pending (customer_id);

-- consent ------------------------------------------------------------------------------------------------------
-- One purpose alone was withdrawn; the row stays, because it was signed.
ALTER TABLE consent_purpose ADD COLUMN withdrawn_at_ms INTEGER;
