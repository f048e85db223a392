import type { FieldKind, FieldQuery } from '../contract/index.js';
import { PorticoError } from '../kit/index.js';
import type { Value } from '../storage/index.js';

/** Customers in one answer. More than anybody reads through; who wants all of them makes the export. */
export const FOUND_MAX = 100;

/** What can be asked of each kind. `contains`: the words somewhere in the text, or all of these choices among others. */
const TESTS: Readonly<Record<FieldKind, readonly FieldQuery['test'][]>> = {
  text: ['is', 'contains', 'filled', 'empty'], number: ['is', 'at_least', 'at_most', 'filled', 'empty'], money: ['is', 'at_least', 'at_most', 'filled', 'empty'],
  date: ['is', 'at_least', 'at_most', 'filled', 'empty'], choice: ['is', 'filled', 'empty'], choices: ['contains', 'filled', 'empty'], yes_no: ['is', 'filled', 'empty'],
  product: ['is', 'filled', 'empty'], photo: ['filled', 'empty'],
};
const COMPARISON = { is: '=', at_least: '>=', at_most: '<=' } as const;

/** Customers looked at in one piece, where those that fit may be far between: some milliseconds. */
const PIECE = 1_000;

export interface Statement {
  sql: string;
  values: Value[];
  /** Null: reads no more than it finds. Else it is asked in pieces: `sql` takes two more values, the ids after which and up to which; this one the first. */
  next: { sql: string; values: Value[] } | null;
}

/**
 * The ids of customers whose field is like this, at most FOUND_MAX. Each reads along an index of migration 0011, and stops when there are
 * enough.
 * @param rarestFirst options of this field in that order
 * @throws PorticoError field_invalid {fieldId}
 */
export function findStatement(kind: FieldKind, query: FieldQuery, rarestFirst: (optionIds: readonly string[]) => readonly string[] = (ids) => ids): Statement {
  const { fieldId, test, value } = query;
  const found = 'FROM field_value JOIN customer ON customer.id = customer_id WHERE merged_into_id IS NULL';
  const where = (condition: string, ...values: Value[]): Statement => ({
    sql: `SELECT customer_id AS id ${found} AND field_id = ? AND ${condition} LIMIT ${FOUND_MAX}`, values: [fieldId, ...values], next: null,
  });
  const refuse = (): never => { throw new PorticoError('field_invalid', { fieldId }); };
  if (!TESTS[kind].includes(test)) refuse();
  if (test === 'filled') return { sql: `SELECT customer_id AS id ${found} AND field_id = ? LIMIT ${FOUND_MAX}`, values: [fieldId], next: null };
  if (test === 'empty') {
    return {
      // In the order of ids, which is that of the index beside: pages are decrypted once, not once for each customer.
      sql: `SELECT id FROM customer WHERE NOT EXISTS (SELECT 1 FROM field_value INDEXED BY field_value_by_field WHERE customer_id = customer.id AND field_id = ?)
        AND ${isOwn('customer.id')} AND id > ? AND id <= ? ORDER BY id LIMIT ${FOUND_MAX}`,
      values: [fieldId],
      next: { sql: `SELECT max(id) AS id FROM (SELECT id FROM customer WHERE id > ? ORDER BY id LIMIT ${PIECE})`, values: [] },
    };
  }
  if (value === undefined) return refuse();
  if (test === 'contains' && 'text' in value) {
    // NOT NULL said once more: only then the planner sees that the index of texts has all of them.
    return where(`text_value IS NOT NULL AND text_value LIKE ? ESCAPE '\\'`, `%${value.text.trim().replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`);
  }
  if ('choices' in value && (kind === 'choices' || (kind === 'choice' && value.choices.length === 1))) {
    // From the rarest option on, whose rows are few where the field's are many; an option is of one field.
    const [first, ...others] = rarestFirst(value.choices);
    const andOthers = others.map(() => 'AND EXISTS (SELECT 1 FROM field_choice AS other WHERE other.option_id = ? AND other.customer_id = first.customer_id)').join(' ');
    return {
      sql: `SELECT customer_id AS id FROM field_choice AS first WHERE option_id = ? AND EXISTS (SELECT 1 FROM field_option WHERE id = option_id AND field_option.field_id = ?)
        ${andOthers} AND ${isOwn('first.customer_id')} AND customer_id > ? AND customer_id <= ? ORDER BY customer_id LIMIT ${FOUND_MAX}`,
      values: [first!, fieldId, ...others],
      next: { sql: `SELECT max(id) AS id FROM (SELECT customer_id AS id FROM field_choice WHERE option_id = ? AND customer_id > ? ORDER BY customer_id LIMIT ${PIECE})`, values: [first!] },
    };
  }
  if (test === 'contains') return refuse();
  const compare = COMPARISON[test];
  switch (kind) {
    case 'text': return 'text' in value ? where('text_value = ?', value.text.trim()) : refuse();
    case 'number': return 'number' in value ? where(`number_value ${compare} ?`, value.number) : refuse();
    case 'money': return 'moneyMinor' in value ? where(`money_minor ${compare} ?`, value.moneyMinor) : refuse();
    case 'date': return 'day' in value ? where(`day_value ${compare} ?`, value.day) : refuse();
    case 'yes_no': return 'yes' in value ? where('yes_value = ?', value.yes ? 1 : 0) : refuse();
    case 'product': return 'productId' in value ? where('product_id = ?', value.productId) : refuse();
    case 'choice': case 'choices': case 'photo': return refuse();
  }
}

/** A dossier that was merged into none; asked last, of those that fit. */
function isOwn(id: string): string {
  return `EXISTS (SELECT 1 FROM customer AS own WHERE own.id = ${id} AND own.merged_into_id IS NULL)`;
}
