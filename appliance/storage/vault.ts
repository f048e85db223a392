import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { PorticoError } from '../kit/index.js';
import type { Database } from './database.js';

/**
 * The vault: what must never be in a backup. Its form has a number of its own (user_version), because a restored portico.db
 * may be of an older version than the vault beside it.
 */
const VAULT_FORMS = [`
  -- gallery: a key for each customer and purpose; without it what is sealed in portico.db is noise.
  CREATE TABLE vault.customer_key (
    customer_id TEXT NOT NULL, purpose TEXT NOT NULL, key BLOB NOT NULL CHECK (length(key) = 32), made_at_ms INTEGER NOT NULL,
    PRIMARY KEY (customer_id, purpose)
  ) STRICT, WITHOUT ROWID;
  -- gallery: the searched means. The partition key keeps templates of two models apart: a search names one model.
  CREATE VIRTUAL TABLE vault.template_vector USING vec0 (
    template_id INTEGER PRIMARY KEY, model_id TEXT PARTITION KEY, embedding FLOAT[512] DISTANCE_METRIC=cosine
  );
  -- erasure: what was deleted, without what it was. Kept here, so that a restored portico.db learns of it.
  CREATE TABLE vault.deletion (
    id TEXT PRIMARY KEY, seq INTEGER NOT NULL UNIQUE, customer_id TEXT NOT NULL, scope TEXT NOT NULL, reason TEXT NOT NULL, purposes TEXT NOT NULL,
    requested_at_ms INTEGER NOT NULL, templates INTEGER NOT NULL, keys INTEGER NOT NULL, completed_at_ms INTEGER
  ) STRICT;
  CREATE INDEX vault.deletion_by_customer ON deletion (customer_id);
  CREATE INDEX vault.deletion_open ON deletion (seq) WHERE completed_at_ms IS NULL;
  -- storage: which portico.db this belongs to.
  CREATE TABLE vault.vault_state (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), token BLOB NOT NULL) STRICT;
  INSERT INTO vault.vault_state (only_one, token) VALUES (1, randomblob(16));`,
  `
  -- erasure: portico.db has the same value as long as both know the same deletions.
  ALTER TABLE vault.vault_state ADD COLUMN deletions BLOB NOT NULL DEFAULT x'';`,
  `
  -- storage: which vault this is, for as long as it exists. A backup says of which one its portico.db was.
  ALTER TABLE vault.vault_state ADD COLUMN id BLOB NOT NULL DEFAULT x'';
  UPDATE vault.vault_state SET id = randomblob(16) WHERE only_one = 1;`,
  `
  -- storage: the highest number of a deletion whose record is gone, over its term: without it the vault would look older than its own backups.
  ALTER TABLE vault.vault_state ADD COLUMN last_gone INTEGER NOT NULL DEFAULT 0;
  CREATE TRIGGER vault.deletion_gone AFTER DELETE ON deletion BEGIN
    UPDATE vault_state SET last_gone = max(last_gone, old.seq) WHERE only_one = 1;
  END;`,
];

/** Which vault to open: the box's own; `new`: make one, or finish one that was being made; `none`: an empty one in memory, for what comes before that. */
export type WhichVault = 'own' | 'new' | 'none';

/**
 * Attaches the vault, and makes it where there is none yet.
 * @param which with `new` the keys of a vault that portico.db had are lost, and with them the templates
 * @throws PorticoError vault_missing, vault_unfinished, db_key_wrong, db_corrupt, db_from_newer_version
 */
export function openVault(db: Database, vaultFile: string, key: string, which: WhichVault): void {
  if (which === 'none') {
    db.attachVault(':memory:', key);
  } else {
    if (which === 'own' && isRenewing(db)) throw new PorticoError('vault_unfinished');
    const mayMake = which === 'new' || !needsVault(db);
    // Empty: a first start that was cut off.
    const missing = !existsSync(vaultFile) || statSync(vaultFile).size === 0;
    if (missing) {
      if (!mayMake) throw new PorticoError('vault_missing', { expectedAt: vaultFile });
      mkdirSync(dirname(vaultFile), { recursive: true, mode: 0o700 });
      closeSync(openSync(vaultFile, 'a', 0o600));
    }
    // What was put back by hand may be readable by all.
    chmodSync(dirname(vaultFile), 0o700);
    chmodSync(vaultFile, 0o600);
    db.attachVault(vaultFile, key);
    if (!missing && !mayMake && db.pragma('vault.user_version') === 0) throw new PorticoError('vault_missing', { expectedAt: vaultFile });
  }
  const version = formOf(db);
  if (version === VAULT_FORMS.length) return;
  db.transaction(() => {
    for (const form of VAULT_FORMS.slice(version)) db.exec(form);
    db.exec(`PRAGMA vault.user_version = ${VAULT_FORMS.length}`);
  });
}

/**
 * Whether the templates of portico.db and the vectors of the vault were written together. Each file commits by itself: a
 * power cut between the two, or a restored portico.db, leaves tokens that differ.
 */
export function filesMatch(db: Database): boolean {
  return db.get('SELECT 1 FROM main.vault_pair AS ours, vault.vault_state AS theirs WHERE ours.token = theirs.token') !== undefined;
}

/** Inside each transaction that writes templates and vectors. The caller has made sure that they matched before. */
export function markWrittenTogether(db: Database): void {
  const token = randomBytes(16);
  db.run('UPDATE main.vault_pair SET token = ? WHERE only_one = 1', token);
  db.run('UPDATE vault.vault_state SET token = ? WHERE only_one = 1', token);
}

/**
 * As if they had not been: the next start makes the vectors anew and drops every key that opens nothing. For a vault that holds more
 * than portico.db knows of.
 */
export function markApart(db: Database): void {
  db.run('UPDATE main.vault_pair SET token = ? WHERE only_one = 1', randomBytes(16));
}

/** Whether both files know the same deletions. If not, one of them is an older one, or a power cut came between their commits. */
export function deletionsMatch(db: Database): boolean {
  return db.get('SELECT 1 FROM main.vault_pair AS ours, vault.vault_state AS theirs WHERE ours.deletions = theirs.deletions') !== undefined;
}

/** With each deletion that is recorded in both. The caller has made sure that they matched before, or has compared them. */
export function markDeletionsAlike(db: Database): void {
  const token = randomBytes(16);
  db.run('UPDATE main.vault_pair SET deletions = ? WHERE only_one = 1', token);
  db.run('UPDATE vault.vault_state SET deletions = ? WHERE only_one = 1', token);
}

/**
 * Writes into portico.db which vault it works with. After the migrations.
 * @param which `own`: where nothing is written yet; `new`: whatever was written
 */
export function nameVault(db: Database, which: WhichVault): void {
  // A portico.db that was brought up to an older version only.
  if (which === 'none' || db.get(`SELECT 1 FROM pragma_table_info('vault_pair', 'main') WHERE name = 'vault_id'`) === undefined) return;
  db.run(`UPDATE main.vault_pair SET vault_id = (SELECT id FROM vault.vault_state WHERE only_one = 1)
    WHERE only_one = 1 AND (vault_id = x'' OR (? = 'new' AND vault_id <> (SELECT id FROM vault.vault_state WHERE only_one = 1)))`, which);
}

/**
 * Whether the attached vault is the one that a copy of portico.db worked with, and not from before that copy. The same key says nothing: a box that was
 * restored for practice has it too, with a vault of its own.
 * @param id as in the copy, hexadecimal @param lastDeletion the number of the newest deletion that the copy knows of
 */
export function isVaultOf(db: Database, { id, lastDeletion }: { id: string; lastDeletion: number }): boolean {
  if (db.get(`SELECT 1 FROM pragma_table_info('vault_state', 'vault') WHERE name = 'last_gone'`) === undefined) return false; // of a version before that
  return db.get(`SELECT 1 FROM vault.vault_state WHERE lower(hex(id)) = ? AND id <> x'' AND max(last_gone, (SELECT coalesce(max(seq), 0) FROM vault.deletion)) >= ?`, id, lastDeletion) !== undefined;
}

/** Whether what is attached is a vault of this form. @throws PorticoError db_from_newer_version */
export function isVaultOfThisForm(db: Database): boolean {
  return formOf(db) === VAULT_FORMS.length;
}

/** 0: not a vault yet. @throws PorticoError db_from_newer_version */
function formOf(db: Database): number {
  const version = db.pragma('vault.user_version') as number;
  if (version > VAULT_FORMS.length) throw new PorticoError('db_from_newer_version', { migration: `vault ${version}` });
  return version;
}

/** Whether `portico vault new` has begun and not finished: until it has, the box does not start. */
export function isRenewing(db: Database): boolean {
  // A file from before that may have no such column.
  return db.get(`SELECT 1 FROM pragma_table_info('vault_pair', 'main') WHERE name = 'renewing'`) !== undefined
    && db.get('SELECT 1 FROM main.vault_pair WHERE renewing = 1') !== undefined;
}

export function markRenewing(db: Database, renewing: boolean): void {
  db.run('UPDATE main.vault_pair SET renewing = ? WHERE only_one = 1', renewing ? 1 : 0);
}

/** Whether portico.db has had a vault: its keys, and what was deleted since, are known there alone. */
function needsVault(db: Database): boolean {
  return db.get(`SELECT 1 FROM main.sqlite_master WHERE name = 'vault_pair'`) !== undefined;
}
