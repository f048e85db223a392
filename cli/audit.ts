/** `portico audit`: the audit log of a box that runs or stands still, read only. */
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Audit } from '../appliance/audit/index.js';
import { Consent } from '../appliance/consent/index.js';
import { EventBus } from '../appliance/events/index.js';
import { createLogger, systemClock } from '../appliance/kit/index.js';
import { openForReading, type Database } from '../appliance/storage/index.js';
import { UsageError } from './modelsCheck.js';

type Where = Parameters<typeof openForReading>[0];
type Head = { seq: number; hash: string };

async function withAudit<T>(where: Where, work: (audit: Audit, db: Database) => Promise<T>): Promise<T> {
  const db = openForReading(where);
  try {
    if (db.get(`SELECT 1 FROM sqlite_master WHERE name = 'audit_entry'`) === undefined) throw new UsageError('This database has no audit log yet. Start the box once.');
    return await work(new Audit({ db, clock: systemClock }), db);
  } finally {
    db.close();
  }
}

/** `SEQ:HASH` as a receipt or a pack has it. @throws UsageError */
export function parseHead(text: string): Head {
  const match = /^([1-9]\d{0,14}):([0-9a-f]{64})$/i.exec(text.trim());
  if (match === null) throw new UsageError('An entry is written NUMBER:HASH, with the 64 hexadecimal digits of its hash.');
  return { seq: Number(match[1]), hash: match[2]!.toLowerCase() };
}

/** The chain, and every consent against its seal. @returns whether both are whole; what is wrong is told */
export async function verifyAudit(where: Where, expected: Head | null, line: (text: string) => void): Promise<boolean> {
  return withAudit(where, async (audit, db) => {
    try {
      const { whole, entries, firstBroken, head } = await audit.verify(expected ?? undefined);
      if (whole) line(`The audit log is whole: ${entries} entries. Head ${audit.head().seq}:${head}`);
      else line(`The audit log is broken. First broken entry: ${firstBroken}. ${entries} entries before it are whole.`);
      const consent = new Consent({ db, clock: systemClock, events: new EventBus(createLogger('silent')), audit, timeZone: 'UTC' });
      const { checked, broken } = await consent.verifySeals();
      if (broken.length === 0) line(`The consents are as they were sealed: ${checked}.`);
      else line(`Changed or missing since they were sealed: ${broken.length} consents, ${checked} looked at: ${broken.join(' ')}`);
      return whole && broken.length === 0;
    } catch (error) {
      if (error instanceof RangeError) throw new UsageError(`${error.message}: it cannot be compared any more.`);
      throw error;
    }
  });
}

/** Writes the whole log as CSV to a new file for the owner's eyes. @throws UsageError when there is such a file */
export async function exportAudit(where: Where, file: string, line: (text: string) => void): Promise<void> {
  await withAudit(where, async (audit) => {
    try {
      await pipeline(Readable.from(audit.csv()), createWriteStream(file, { flags: 'wx', mode: 0o600 }));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST' || code === 'ENOENT' || code === 'EACCES') throw new UsageError(`${file} cannot be written (${code}). Name a new file.`);
      throw error;
    }
    line(`Written: ${file}`);
  });
}
