/** `portico audit`: the audit log of a box that runs or stands still, read only. */
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Audit, Verification } from '../appliance/audit/index.js';
import { Assessments } from '../appliance/compliance/index.js';
import { Consent } from '../appliance/consent/index.js';
import type { RecordKind } from '../appliance/contract/index.js';
import { Erasure } from '../appliance/erasure/index.js';
import { EventBus } from '../appliance/events/index.js';
import { createLogger, isPorticoError, systemClock } from '../appliance/kit/index.js';
import { isOfThisVersion, openForReading, type ForReading } from '../appliance/storage/index.js';
import { UsageError, type Json } from './output.js';

type Where = Parameters<typeof openForReading>[0];
type Head = { seq: number; hash: string };

async function withAudit<T>(where: Where, work: (audit: Audit, files: ForReading) => Promise<T>): Promise<T> {
  const files = openForReading(where);
  const { db } = files;
  try {
    if (!isOfThisVersion(files)) throw new UsageError('This database is of an older version. Start the box once.');
    db.holdStill(); // the box may be writing
    return await work(new Audit({ db, clock: systemClock }), files);
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

const NAMES: Readonly<Record<RecordKind, string>> = {
  consents: 'consents', notices: 'versions of the notice', assessments: 'impact assessments', deletions: 'records of deletion',
};

/**
 * The chain, and every record against it: as the page and the nightly job do.
 * @param found hears the same in values, for programs
 * @returns whether all is whole; what is wrong is told
 */
export async function verifyAudit(where: Where, expected: Head | null, line: (text: string) => void, found: (values: { [key: string]: Json }) => void = () => undefined): Promise<boolean> {
  return withAudit(where, async (audit, { db, vault }) => {
    const rooms = { db, clock: systemClock, audit, events: new EventBus(createLogger('silent')), timeZone: 'UTC' };
    const consent = new Consent(rooms);
    const hasVault = vault === 'open';
    const verification = new Verification(audit, {
      consents: () => consent.verifySeals(), notices: () => consent.notices.verify(), assessments: () => new Assessments({ ...rooms, snapshot: () => ({}) }).verify(),
      deletions: async () => (hasVault ? new Erasure({ ...rooms, dropTraces: () => false }).verify() : { checked: 0, broken: [] }),
    });
    try {
      const { whole, entries, firstBroken, clockBehind, head, records } = await verification.against(expected ?? undefined);
      if (firstBroken !== null) line(`The audit log is broken. First broken entry: ${firstBroken}. ${entries} entries before it are whole.`);
      else line(`The audit log is whole: ${entries} entries. Head ${audit.head().seq}:${head}`);
      if (clockBehind) line('Its oldest entries were deleted on a day to come. Set the clock right and verify again; if it is right, somebody wrote that entry.');
      for (const { kind, checked, broken, ids } of records) {
        if (kind === 'deletions' && !hasVault) continue;
        if (broken === 0) line(`As the log tells them: ${checked} ${NAMES[kind]}.`);
        else line(`Not as the log tells them, or missing: ${broken} ${NAMES[kind]}, ${checked} looked at: ${ids.join(' ')}${broken > ids.length ? ' ...' : ''}`);
      }
      if (vault === 'missing') line('There is no vault here: records of deletion were not looked at.');
      else if (isPorticoError(vault)) line(`vault.db cannot be read (${vault.code}): it is damaged, or of another box. Records of deletion were not looked at.`);
      found({
        whole: whole && hasVault, entries, firstBroken, clockBehind, head: { number: audit.head().seq, hash: head }, vault: typeof vault === 'string' ? vault : vault.code,
        records: records.filter(({ kind }) => kind !== 'deletions' || hasVault).map(({ kind, checked, broken, ids }) => ({ kind, checked, broken, ids: [...ids] })),
      });
      return whole && hasVault;
    } catch (error) {
      if (error instanceof RangeError) throw new UsageError(`${error.message}: it cannot be compared any more. Within 184 days of that paper no entry may be.`);
      throw error;
    }
  });
}

/** Writes the whole log as CSV to a new file for the owner's eyes. @param file `-`: standard output @throws UsageError when there is such a file */
export async function exportAudit(where: Where, file: string, line: (text: string) => void): Promise<void> {
  await withAudit(where, async (audit) => {
    if (file === '-') {
      await pipeline(Readable.from(audit.csv()), process.stdout, { end: false });
      return;
    }
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
