/** `portico health` and `portico support-bundle`: what the box that runs here says of itself, in words. */
import { closeSync, fsyncSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import type { Config } from '../appliance/config/index.js';
import { CHECK_WORDS, type BoxCheck, type BoxReport } from '../appliance/contract/index.js';
import { CONSOLE_TOKEN_FILE, countRows, supportBundle, type TableCounts } from '../appliance/health/index.js';
import { isPorticoError, PorticoError, toInstant } from '../appliance/kit/index.js';
import { openForReading } from '../appliance/storage/index.js';
import { EXIT, UsageError, type Exit, type Json, type Output } from './output.js';

type Box = Pick<Config, 'dataDirectory' | 'credentialsDirectory' | 'host' | 'port' | 'logDirectory' | 'version'>;

/** The slow checks go through the whole file of the database. */
const PATIENCE_MS = { report: 10_000, slow: 35 * 60_000 } as const;
const ORDER = { failed: 0, warning: 1, unknown: 2, ok: 3, off: 4 } as const;
const SHOWN = { failed: 'NEEDS DOING', warning: 'look at', unknown: 'not known', ok: 'fine', off: 'not in use' } as const;

/** @throws PorticoError box_not_running, box_not_ours */
export async function showHealth(box: Box, slow: boolean, output: Output): Promise<Exit> {
  const answer = slow ? await ask(box, 'POST', '/console/checks') : await ask(box, 'GET', '/console/report');
  const report = JSON.parse(answer.toString('utf8')) as BoxReport;
  output.result({ ...report, checks: report.checks.map((check) => ({ ...check, words: inWords(check) })) } as unknown as { [key: string]: Json });
  output.line(`Portico ${report.version} on ${report.addresses.join(', ') || 'this machine'}, running since ${report.startedAt}`);
  for (const check of [...report.checks].sort((a, b) => ORDER[a.state] - ORDER[b.state])) {
    output.line(`${SHOWN[check.state].padEnd(12)} ${check.id.padEnd(12)} ${inWords(check)}`);
  }
  return report.status === 'ok' ? EXIT.fine : report.status === 'warning' ? EXIT.warning : EXIT.refused;
}

/** What a check found and what to do, in English. */
export function inWords({ id, reason, figures }: BoxCheck): string {
  const words = (CHECK_WORDS[id] as Readonly<Record<string, string>>)[reason] ?? reason; // of a box of another version
  return words.replace(/\{(\w+)\}/g, (_, name: string) => String(figures[name] ?? '-'));
}

/**
 * From the box; where none runs, from its files: that is when help is wanted most.
 * @param file `-`: to standard output, where the caller may write what this user may not; then nothing is said
 * @throws UsageError when there is such a file already, PorticoError box_not_ours
 */
export async function writeSupportBundle(box: Config, file: string, output: Pick<Output, 'line'>): Promise<{ file: string; bytes: number; running: boolean }> {
  let bundle: Buffer;
  let running = true;
  try {
    bundle = await ask(box, 'POST', '/console/support-bundle');
  } catch (error) {
    if (!isPorticoError(error, 'box_not_running')) throw error;
    running = false;
    const { version, logDirectory } = box;
    bundle = supportBundle({ report: null, version, settings: box, logDirectory, counts: countOffline(box), units: null, madeAt: toInstant(Date.now()) });
  }
  if (file === '-') {
    writeFileSync(1, bundle);
    return { file, bytes: bundle.length, running };
  }
  writeNew(file, bundle);
  output.line(`${file}: ${bundle.length} bytes.${running ? '' : ' The box does not run, so there is no report in it.'}`);
  return { file, bytes: bundle.length, running };
}

function countOffline(box: Box): TableCounts | null {
  try {
    const { db } = openForReading(box);
    try {
      return countRows(db);
    } finally {
      db.close();
    }
  } catch {
    return null; // without a database there is still a log
  }
}

/**
 * Asks the box on this machine and no other: its own root alone is trusted, and it is shown what lies in its data folder.
 * @throws PorticoError box_not_running, box_not_ours; what the box refuses with
 */
export function ask(box: Box, method: 'GET' | 'POST', path: string): Promise<Buffer> {
  const ca = readOwn(join(box.dataDirectory, 'tls', 'root.crt'));
  const token = readOwn(join(box.dataDirectory, CONSOLE_TOKEN_FILE));
  const host = ['0.0.0.0', '::', 'localhost'].includes(box.host) ? '127.0.0.1' : box.host;
  return new Promise((resolve, reject) => {
    const call = request({
      host, port: box.port, path, method, ca, agent: false, headers: { authorization: `Bearer ${token}` }, timeout: method === 'GET' ? PATIENCE_MS.report : PATIENCE_MS.slow,
    }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(chunks));
        else if (response.statusCode === 409) reject(refusalIn(Buffer.concat(chunks)));
        else reject(new PorticoError(response.statusCode === 404 ? 'box_not_ours' : 'box_not_running', { status: response.statusCode ?? 0 }));
      });
    });
    call.on('timeout', () => call.destroy());
    call.on('error', (cause) => reject(new PorticoError('box_not_running', { reason: (cause as NodeJS.ErrnoException).code ?? 'no answer' }, { cause })));
    call.end();
  });
}

function refusalIn(body: Buffer): PorticoError {
  const { code } = JSON.parse(body.toString('utf8')) as { code: string };
  return new PorticoError(code === 'owner_exists' || code === 'owner_needed' ? code : 'box_not_running');
}

/** @throws PorticoError box_not_running when it is not there, box_not_ours when it may not be read */
function readOwn(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? '';
    throw new PorticoError(reason === 'ENOENT' ? 'box_not_running' : 'box_not_ours', { file, reason }, { cause });
  }
}

/** @throws UsageError when it is there already or cannot be written */
function writeNew(file: string, bytes: Buffer): void {
  try {
    const handle = openSync(file, 'wx', 0o600);
    try {
      writeSync(handle, bytes);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    throw new UsageError(`${file} cannot be written (${(error as NodeJS.ErrnoException).code ?? ''})`);
  }
}
