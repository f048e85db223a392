/** The list of deletions beside the backups: lines of JSON, and a seal by the database's key, which lies in each backup of that box and nowhere that others can read. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { Type, type Static } from 'typebox';
import { Check } from 'typebox/schema';
import { Deletion as DeletionForm, type Deletion } from '../contract/index.js';
import { PorticoError } from '../kit/index.js';
import { keyFor } from '../storage/index.js';

const closed = { additionalProperties: false } as const;
export const ListHeader = Type.Object({
  kind: Type.Literal('portico-deletions'), storeId: Type.String(),
  /** Of the box that wrote it, hexadecimal: numbers of two boxes cannot be compared. */
  vault: Type.String({ pattern: '^[0-9a-f]{32}$' }),
  madeAt: Type.String(),
  /** The number of the newest deletion that the database knew of. */
  last: Type.Integer({ minimum: 0 }),
}, closed);
export type ListHeader = Static<typeof ListHeader>;
export interface DeletionList { header: ListHeader; deletions: Deletion[] }

const Seal = Type.Object({ hmacSha256: Type.String({ pattern: '^[0-9a-f]{64}$' }) }, closed);

/** Whoever knows the recipient on the stick can encrypt a list; only a box with this database's key can seal one. */
const sealOf = (lines: string, databaseKey: string): Buffer => createHmac('sha256', Buffer.from(keyFor('list of deletions', databaseKey), 'hex')).update(lines).digest();

export function writeList({ header, deletions }: { header: ListHeader; deletions: readonly Deletion[] }, databaseKey: string): Buffer {
  const lines = [header, ...deletions].map((each) => `${JSON.stringify(each)}\n`).join('');
  return Buffer.from(`${lines}${JSON.stringify({ hmacSha256: sealOf(lines, databaseKey).toString('hex') })}\n`);
}

/** @throws PorticoError backup_list_not_ours */
export function readList(text: string, storeId: string, databaseKey: string): DeletionList {
  const refuse = (cause?: unknown) => new PorticoError('backup_list_not_ours', {}, { cause });
  const end = text.lastIndexOf('\n', text.length - 2) + 1;
  const [lines, last] = [text.slice(0, end), text.slice(end)];
  try {
    const seal: unknown = JSON.parse(last);
    if (!Check(Seal, seal) || !timingSafeEqual(Buffer.from(seal.hmacSha256, 'hex'), sealOf(lines, databaseKey))) throw refuse();
    const [header, ...deletions] = lines.split('\n').filter((line) => line !== '').map((line): unknown => JSON.parse(line));
    const isDeletion = (each: unknown): each is Deletion => Check(DeletionForm, each);
    if (!Check(ListHeader, header) || header.storeId !== storeId || !deletions.every(isDeletion)) throw refuse();
    return { header, deletions };
  } catch (error) {
    throw error instanceof SyntaxError ? refuse(error) : error;
  }
}
