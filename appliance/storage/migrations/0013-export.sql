-- access: which of head office's teams somebody is in; a name of that list.
ALTER TABLE staff ADD COLUMN team TEXT;

-- visits: those of a day.
CREATE INDEX visit_by_opening ON visit (opened_at_ms);

-- export: releases of one box follow one another in a chain. A restore begins a new one: it may have lost the newest of the old.
CREATE TABLE export_state (
  only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
  chain_id TEXT NOT NULL,
  -- Days before it are never released: nothing was set up then. Null: nothing is set up now, or nobody works here yet.
  first_day TEXT,
  -- When this file was put back: what was over by then may have been released already.
  restored_at_ms INTEGER,
  -- 1: the clock of then may have been wrong; the first time that it is trusted here counts too.
  restore_unsettled INTEGER NOT NULL DEFAULT 0 CHECK (restore_unsettled IN (0, 1)),
  -- Put back onto another box, where nobody has said yet that it stands in for the old one.
  held_since_ms INTEGER,
  -- While nothing was set up: days that it touches are never released. No end: still.
  off_from_ms INTEGER,
  off_to_ms INTEGER,
  -- Which store the chain is of.
  store_id TEXT
) STRICT;
-- An older file that was put back since (export/releases.ts: forgetReleases) says so under this name.
INSERT INTO export_state (only_one, chain_id, restored_at_ms, restore_unsettled, held_since_ms)
  SELECT 1, lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))),
    (SELECT at_ms FROM box_fact WHERE name = 'export_restored'), (SELECT count(*) FROM box_fact WHERE name = 'export_restored'), (SELECT at_ms FROM box_fact WHERE name = 'export_restored' AND value = 'other box');

-- export: made once, never changed. What stands in the archive is about nobody.
CREATE TABLE release (
  day TEXT PRIMARY KEY,
  chain_id TEXT NOT NULL,
  number INTEGER NOT NULL CHECK (number >= 1),
  status TEXT NOT NULL CHECK (status IN ('released', 'skipped')),
  reason TEXT CHECK (reason IN ('crowd', 'budget')),
  made_at_ms INTEGER NOT NULL,
  -- Up to when visits count in it: the next begins there, also where the end of the day was moved.
  to_ms INTEGER NOT NULL,
  cells INTEGER NOT NULL,
  suppressed INTEGER NOT NULL,
  file_name TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  archive BLOB NOT NULL,
  UNIQUE (chain_id, number),
  CHECK ((status = 'skipped') = (reason IS NOT NULL))
) STRICT;
CREATE TRIGGER release_stays BEFORE UPDATE ON release BEGIN SELECT RAISE(ABORT, 'a release is never changed'); END;
CREATE TRIGGER release_remains BEFORE DELETE ON release BEGIN SELECT RAISE(ABORT, 'a release is never taken back'); END;

-- export: what each day has cost, in millionths of epsilon. No day costs more than one.
CREATE TABLE epsilon_ledger (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  day TEXT NOT NULL,
  millionths INTEGER NOT NULL CHECK (millionths >= 0),
  -- What for.
  schema_version INTEGER NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX epsilon_ledger_by_day ON epsilon_ledger (day);
CREATE TRIGGER epsilon_ledger_day BEFORE INSERT ON epsilon_ledger
  WHEN new.millionths + coalesce((SELECT sum(millionths) FROM epsilon_ledger WHERE day = new.day), 0) > 1000000
  BEGIN SELECT RAISE(ABORT, 'the epsilon of this day is spent'); END;
CREATE TRIGGER epsilon_ledger_stays BEFORE UPDATE ON epsilon_ledger BEGIN SELECT RAISE(ABORT, 'what was spent stays spent'); END;
CREATE TRIGGER epsilon_ledger_remains BEFORE DELETE ON epsilon_ledger BEGIN SELECT RAISE(ABORT, 'what was spent stays spent'); END;

-- export: the outbox. `sending` is nothing that outlives a start.
CREATE TABLE release_delivery (
  day TEXT PRIMARY KEY REFERENCES release (day),
  state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'dead')),
  tries INTEGER NOT NULL DEFAULT 0,
  -- Since when it is tried: after a long time nobody takes it any more.
  since_ms INTEGER NOT NULL,
  last_tried_at_ms INTEGER,
  next_try_at_ms INTEGER,
  delivered_at_ms INTEGER,
  error_code TEXT,
  CHECK ((state = 'delivered') = (delivered_at_ms IS NOT NULL)),
  CHECK ((state = 'waiting') = (next_try_at_ms IS NOT NULL))
) STRICT;
CREATE INDEX release_delivery_open ON release_delivery (day) WHERE state <> 'delivered';
