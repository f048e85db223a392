import { randomUUID } from 'node:crypto';
import type { QuickNote, Words } from '../contract/index.js';
import type { Database } from '../storage/index.js';

/** What a shop writes down most; shown until a manager chooses others. The ids are fixed, so that an edited one stays that one. */
const DELIVERED: readonly QuickNote[] = ([
  ['只是随便看看', 'Just browsing'],
  ['试过，还在考虑', 'Tried it, still thinking'],
  ['要等到货通知', 'Wants to hear when it arrives'],
  ['为送礼挑选', 'Looking for a gift'],
  ['和家人一起来', 'Came with family'],
  ['赶时间', 'In a hurry'],
  ['觉得价格偏高', 'Found the price high'],
  ['约了下次再来', 'Will come again, arranged'],
] as const).map(([zh, en], index) => ({ id: `5a1f0000-0000-4000-8000-00000000000${index + 1}`, text: { 'zh-CN': zh, en } }));

/** The chips that write a frequent note with one tap. */
export class QuickNotes {
  readonly #db: Database;

  constructor(deps: { db: Database }) {
    this.#db = deps.db;
  }

  /** In the manager's order; as delivered while there are none. */
  all(): QuickNote[] {
    const rows = this.#db.all<{ id: string; text_zh: string; text_en: string }>('SELECT id, text_zh, text_en FROM quick_note ORDER BY position');
    return rows.length === 0 ? [...DELIVERED] : rows.map((row) => ({ id: row.id, text: { 'zh-CN': row.text_zh, en: row.text_en } }));
  }

  /** Puts these in the place of all; none: as delivered again. What has no id, or one that stands before it in the list, gets a new one. */
  replace(notes: readonly { id?: string; text: Words }[]): QuickNote[] {
    return this.#db.transaction(() => {
      this.#db.run('DELETE FROM quick_note WHERE true');
      const used = new Set<string>();
      for (const [position, { id = randomUUID(), text }] of notes.entries()) {
        const own = used.has(id) ? randomUUID() : id;
        used.add(own);
        this.#db.run('INSERT INTO quick_note (id, position, text_zh, text_en) VALUES (?, ?, ?, ?)', own, position, text['zh-CN'].trim(), text.en.trim());
      }
      return this.all();
    });
  }
}
