/** `portico fleet verify`: the releases of all stores, checked and merged at head office. */
import { readFileSync, statSync } from 'node:fs';
import { FLEET_FAULTS, FLEET_TABLES, readFleetKeys, verifyFleet, type FleetFault, type FleetReport } from '../fleet/index.js';
import type { FleetOptions } from './commands/fleet.js';
import { EXIT, UsageError, type Exit, type Json, type Output } from './output.js';

const WORKERS_MAX = 256;

/** @throws PorticoError receipt_invalid {reason} for the file of keys, UsageError */
export async function checkFleet(folder: string, { keys: keyFile, out, partial, workers: wanted }: FleetOptions, output: Output): Promise<Exit> {
  const workers = wanted === undefined ? undefined : Number(wanted);
  if (workers !== undefined && !(Number.isInteger(workers) && workers >= 1 && workers <= WORKERS_MAX)) throw new UsageError(`--workers takes a whole number from 1 to ${WORKERS_MAX}`);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) throw new UsageError(`${folder} is not a folder`);
  const keys = readFleetKeys(textOf(keyFile));
  const report = await verifyFleet({
    folder, keys, out: out ?? null, partial, ...(workers === undefined ? {} : { workers }), progress: (done, of) => output.progress('verifying', done, of),
  });
  for (const fault of report.faults) output.line(lineOf(fault));
  sayWhatThereIs(report, keys.byStore !== null, out, output);
  const { stores, faults, ...counts } = report;
  output.result({
    ...counts, keysBoundToStores: keys.byStore !== null, out: report.written ? { folder: out!, files: [...FLEET_TABLES] } : null,
    stores: stores.map((store): { [key: string]: Json } => ({ ...store })), faults: faults.map(({ code, file, details }) => ({ code, file, message: FLEET_FAULTS[code], details: { ...details } })),
  });
  return report.faults.length === 0 && report.files > 0 ? EXIT.fine : EXIT.warning;
}

function sayWhatThereIs({ files, verified, copies, merged, cells, tooNew, stores, faults, written }: FleetReport, bound: boolean, out: string | undefined, output: Output): void {
  if (files === 0) {
    output.line('There is no release below this folder (portico-release-*.zip). Nothing was written.');
    return;
  }
  const days = stores.flatMap(({ from, to }) => (from === null ? [] : [from, to!])).sort();
  output.line(`releases   ${files} found, ${verified} as their boxes signed them${copies === 0 ? '' : `, ${copies} of these copies of others`}${tooNew === 0 ? '' : `; ${tooNew} of a newer form than this program knows`}`);
  output.line(`stores     ${stores.length}${days.length === 0 ? '' : `, ${days[0]!} to ${days.at(-1)!}`}`);
  if (out !== undefined) output.line(written ? `merged     ${merged} days, ${cells} cells, into ${out}` : 'merged     nothing: no release can be merged, and nothing was written');
  output.line(faults.length === 0 ? 'faults     none' : `faults     ${faults.length}, listed above`);
  if (!bound) output.line('note       nothing said which key is of which store: a box could have signed for another one. Bind them with a stores.json.');
}

function lineOf({ code, file, details }: FleetFault): string {
  const more = Object.entries(details).map(([name, value]) => `${name} ${value}`).join(', ');
  return `fault      ${file}\n           ${code}: ${FLEET_FAULTS[code]}${more === '' ? '' : ` (${more})`}`;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? ''})`);
  }
}
