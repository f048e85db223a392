/**
 * What docs/head-office.md shows of other programs' files, made from a release by its own commands: docs/samples/. `node dist/test/fleet/samples.js` writes them anew.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { readFleetKeys, verifyFleet } from '../../fleet/index.js';
import { packageRoot } from '../../models/manifest.js';
import { keep, StoreReleases, TABLES } from '../support/storeReleases.js';
import { exampleOf } from './guide.js';

export const SAMPLES = join(packageRoot(), 'docs/samples');
const FILES = ['odoo-cells.csv', 'odoo-days.csv', 'salesforce-cells.csv'] as const;

/** Figures of a day as there are many, the same each time. */
export function sampleRelease(store = new StoreReleases('SH-NJR-01')): { store: StoreReleases; release: ReturnType<StoreReleases['next']> } {
  const tenths = (value: number) => Math.round(value * 10) / 10;
  const counts = [31, 58, 22, 14, 33, 41, null, 12, 29, 24, null, 38, 27, 19, null, 26, 31, 30, 21, 13];
  let at = 0;
  const release = store.next('2026-11-22', {
    changes: {
      document: (document) => {
        document.storedPersons = 1_204;
        document.cells = TABLES.flatMap(({ table, cells, countedShare: { numerator, denominator } }) => cells.map((cell) => {
          const count = counts[at++ % counts.length]!;
          const share = numerator / denominator;
          return count === null ? { table, cell, count, estimate: null, standardError: null } : { table, cell, count, estimate: tenths(count / share), standardError: tenths(Math.sqrt(12.4 / share ** 2 + (count * (1 - share)) / share ** 2)) };
        }));
      },
    },
  });
  return { store, release };
}

/** By their names. */
export async function samples(): Promise<Record<(typeof FILES)[number], string>> {
  const folder = mkdtempSync(join(tmpdir(), 'portico-samples-'));
  try {
    const { store, release } = sampleRelease();
    keep(join(folder, 'releases'), [release]);
    const out = join(folder, 'merged');
    const { faults } = await verifyFleet({ folder: join(folder, 'releases'), keys: readFleetKeys(JSON.stringify(store.keys)), out, workers: 1 });
    if (faults.length > 0) throw new Error(`the sample is no good release: ${faults[0]!.code} ${JSON.stringify(faults[0]!.details)}`);
    const database = await (await DuckDBInstance.create(':memory:')).connect();
    for (const name of ['odoo', 'salesforce']) {
      for (const statement of exampleOf(name).replaceAll('/srv/merged', out).split(';').filter((each) => each.trim() !== '')) await database.run(statement);
    }
    database.closeSync();
    return Object.fromEntries(FILES.map((name) => [name, readFileSync(join(out, name), 'utf8')])) as Record<(typeof FILES)[number], string>;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(SAMPLES, { recursive: true });
  for (const [name, text] of Object.entries(await samples())) writeFileSync(join(SAMPLES, name), text);
}
