import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { strToU8, zipSync } from 'fflate';
import type { BoxReport } from '../contract/index.js';
import type { Database, ReaderTicket } from '../storage/index.js';

/** Of the logs, the end: a day of a busy box has some 300 kB. */
const LOG_BYTES_MAX = 2 * 1_048_576;
/** Settings that are told as they are. Of all others (names, places, keys, who can open what) only whether they are set. */
const PLAIN = new Set([
  'host', 'port', 'trustPort', 'timeZone', 'currency', 'dayEndsAt', 'logLevel', 'fpir', 'visitGapMs', 'idleLockMs', 'visionWorkers', 'databaseMaxBytes',
  'demo', 'languages', 'allowedLan', 'openingHours', 'retentionDays', 'mdns', 'metricsAllow', 'watchdogMs',
]);

export interface BundleParts {
  report: BoxReport | null;
  version: string;
  /** As read at the start. */
  settings: object;
  logDirectory: string | null;
  /** Null: it could not be opened. */
  counts: TableCounts | null;
  /** What systemd says of the units; null: there is none. */
  units: string | null;
  madeAt: string;
}
export interface TableCounts { migrations: string[]; rows: Record<string, number> }

/**
 * For whoever helps from outside: how the box is and was, and nothing about anybody. What goes in is chosen here, one by one; nothing is
 * taken as it comes but the log lines, which never have names in them (kit/log.ts).
 */
export function supportBundle(parts: BundleParts): Buffer {
  const { report, version, settings, logDirectory, counts, units, madeAt } = parts;
  const machine = {
    portico: version, node: process.version, arch: process.arch, platform: process.platform, madeAt,
    versions: { sqlite: process.versions['sqlite'] ?? null, openssl: process.versions.openssl, v8: process.versions.v8 },
  };
  const files: Record<string, Uint8Array> = {
    'README.txt': strToU8('Support bundle of a Portico box: versions, checks, settings without secrets, the last log lines, numbers of rows.\nNo names, phone numbers, pictures, keys or tokens. Read it before you send it on.\n'),
    'versions.json': json(machine),
    'settings.json': json(withoutSecrets(settings)),
    'log.jsonl': lastLines(logDirectory),
    ...(report === null ? {} : { 'report.json': json(report) }),
    ...(counts === null ? {} : { 'database.json': json(counts) }),
    ...(units === null ? {} : { 'units.txt': strToU8(units) }),
  };
  return Buffer.from(zipSync(files, { level: 6 }));
}

const json = (value: unknown): Uint8Array => strToU8(`${JSON.stringify(value, null, 2)}\n`);

/** Settings by name, those told as they are first of all. */
export function withoutSecrets(settings: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).map(([name, value]: [string, unknown]) => {
    if (PLAIN.has(name)) return [name, value instanceof Map ? Object.fromEntries(value) : value];
    return [name, value === null || value === '' || (Array.isArray(value) && value.length === 0) ? '(not set)' : '(set)'];
  }));
}

/** Some 300,000 rows are counted in a second; a bundle without numbers helps too. */
const COUNT_DEADLINE_MS = 60_000;

/** As countRows, in a thread over a connection of its own: counting reads every page of a table. @returns null: it failed, took too long, or the box stops */
export function countInThread(ticket: ReaderTicket, stopping: AbortSignal): Promise<TableCounts | null> {
  if (stopping.aborted) return Promise.resolve(null);
  const thread = new Worker(new URL('./countThread.js', import.meta.url), { workerData: ticket, name: 'counting', execArgv: [] });
  return new Promise((resolve) => {
    let counts: TableCounts | null = null;
    const end = () => {
      resolve(null); // the thread itself ends with the table that it is in
      void thread.terminate();
    };
    const deadline = setTimeout(end, COUNT_DEADLINE_MS).unref();
    stopping.addEventListener('abort', end);
    thread.on('message', (message: TableCounts) => { counts = message; });
    thread.on('error', () => undefined); // an exit follows
    thread.once('exit', () => {
      clearTimeout(deadline);
      stopping.removeEventListener('abort', end);
      resolve(counts);
    });
  });
}

/** How many rows each table has, and which migrations were applied: names of tables, no content. Takes seconds in a large file. */
export function countRows(db: Database): TableCounts {
  const tables = db.all<{ name: string }>(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name`);
  const rows: Record<string, number> = {};
  for (const { name } of tables) {
    if (/_(data|idx|content|docsize|config)$/.test(name)) continue; // parts of the search index
    rows[name] = db.get<{ n: number }>(`SELECT count(*) AS n FROM "${name}"`)!.n;
  }
  return { migrations: db.all<{ name: string }>('SELECT name FROM migration ORDER BY number').map(({ name }) => name), rows };
}

/** The end of the newest log files, whole lines, oldest first. */
function lastLines(directory: string | null): Uint8Array {
  if (directory === null) return strToU8('');
  const pieces: Buffer[] = [];
  let left = LOG_BYTES_MAX;
  try {
    const files = readdirSync(directory).filter((name) => name.endsWith('.log') && name.startsWith('portico.')).map((name) => join(directory, name))
      .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
    for (const file of files) {
      if (left <= 0) break;
      const piece = tail(file, left);
      pieces.unshift(piece);
      left -= piece.length;
    }
  } catch {
    // What could be read has to do.
  }
  return Buffer.concat(pieces);
}

function tail(file: string, bytes: number): Buffer {
  const { size } = statSync(file);
  const from = Math.max(0, size - bytes);
  const piece = Buffer.alloc(size - from);
  const handle = openSync(file, 'r');
  try {
    const read = readSync(handle, piece, 0, piece.length, from);
    const whole = from === 0 ? 0 : piece.indexOf(0x0a) + 1;
    return piece.subarray(whole, read);
  } finally {
    closeSync(handle);
  }
}
