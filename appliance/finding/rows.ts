/** What stands in the rows of the database, as words. */
import type { Database } from '../storage/index.js';
import { dossierParts, indexedWords, tokensOf, type DossierWords, type Part } from './words.js';

export type Kind = 'dossier' | 'note' | 'fields';

/**
 * The words of a dossier, a note, or a customer's own fields, and whose they are; null: the row is gone.
 * @param rowId of a note its id, else the customer's
 */
export function wordsOfRow(db: Database, kind: Kind, rowId: string, fieldsOf: (customerId: string) => readonly string[]): { customerId: string; words: string[] } | null {
  switch (kind) {
    case 'dossier': {
      const parts = partsOfDossier(db, rowId);
      return parts === null ? null : { customerId: rowId, words: indexedWords(parts.map(({ tokens }) => tokens)) };
    }
    case 'note': {
      const note = db.get<{ customerId: string; text: string }>('SELECT customer_id AS customerId, text FROM note WHERE id = ?', rowId);
      return note === undefined ? null : { customerId: note.customerId, words: indexedWords([tokensOf(note.text)]) };
    }
    case 'fields': {
      if (db.get('SELECT 1 FROM customer WHERE id = ?', rowId) === undefined) return null;
      return { customerId: rowId, words: indexedWords(fieldsOf(rowId).map(tokensOf)) };
    }
  }
}

/** What of a dossier is found by itself; null: there is none of this id. */
export function partsOfDossier(db: Database, customerId: string): Part[] | null {
  const row = db.get<Omit<DossierWords, 'companions'>>('SELECT display_name, salutation, phone, member_no, email, wechat FROM customer WHERE id = ?', customerId);
  if (row === undefined) return null;
  return dossierParts({ ...row, companions: db.all('SELECT name, relation FROM companion WHERE customer_id = ? ORDER BY position', customerId) });
}
