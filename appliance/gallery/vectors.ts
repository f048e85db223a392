/** The searched means in the vault: one row a template in sqlite-vec's table. */
import type { RotatedEmbedding } from '../kit/index.js';
import type { Database } from '../storage/index.js';

/** Inside a transaction, as all here. */
export function writeVector(db: Database, templateId: number, modelId: string, mean: RotatedEmbedding): void {
  const id = BigInt(templateId); // vec0 takes integers only as 64-bit ones
  const values = Buffer.from(mean.values().buffer);
  const { changes } = db.run('UPDATE vault.template_vector SET embedding = ? WHERE template_id = ?', values, id);
  if (changes === 0) db.run('INSERT INTO vault.template_vector (template_id, model_id, embedding) VALUES (?, ?, ?)', id, modelId, values);
}

/**
 * sqlite-vec marks a deleted row as free but leaves its numbers in the chunk, where secure_delete does not reach;
 * so each vector is overwritten with zeros first.
 */
export function dropVector(db: Database, templateId: number): void {
  const id = BigInt(templateId);
  db.run('UPDATE vault.template_vector SET embedding = vec_f32(zeroblob(2048)) WHERE template_id = ?', id);
  db.run('DELETE FROM vault.template_vector WHERE template_id = ?', id);
}

/** All of them: the table is made anew, and the pages of the old one are overwritten (secure_delete). */
export function dropAllVectors(db: Database): void {
  const { sql } = db.get<{ sql: string }>(`SELECT sql FROM vault.sqlite_master WHERE name = 'template_vector'`)!;
  db.exec('DROP TABLE vault.template_vector');
  db.exec(sql.replace(/^CREATE VIRTUAL TABLE (vault\.)?/i, 'CREATE VIRTUAL TABLE vault.'));
}
