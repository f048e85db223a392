/**
 * All test files, or those named: `node dist/test/all.js [FILE...]`. Each is a plain process of Node: tap's own runner puts
 * three loaders into every process and thread (for TypeScript, mocks and coverage, none of which is used here), which costs
 * a second and more of each file.
 */
import { readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TESTS = 'dist/test';
/** Of one file. Far above what the longest needs on two cores that do other things too. */
const TIMEOUT_SECONDS = 300;
/** What takes longest begins first, so that nothing goes on alone at the end. Others: in the order of their names. */
const LONGEST = ['browser/day', 'browser/screens', 'browser/morning', 'demo/demo', 'browser/export', 'browser/privacy', 'browser/axe', 'browser/policy', 'browser/offline', 'cli/models', 'erasure/deletion', 'server/recognition', 'server/hostileFrames', 'server/bystanders'];

/**
 * The tools beside the box and the longest of the rest: `npm test` has to end within five minutes on two cores, so these run where
 * TEST_FULL is set, as in `.ci/run`, or when they are named.
 */
const ONLY_IN_FULL = [
  'audit/verification', 'backup/backup', 'backup/circle', 'backup/disks', 'backup/kill', 'backup/otherBox', 'backup/restore', 'backup/sftp', 'browser/axe',
  'browser/box', 'browser/export', 'browser/morning', 'browser/offline', 'browser/policy', 'browser/privacy', 'browser/scan', 'browser/screens',
  'cli/export', 'cli/manual', 'cli/models',
  'compliance/retention', 'consent/traces', 'demo/demo', 'erasure/deletion', 'erasure/dossier', 'erasure/rekey', 'eval/report', 'export/types',
  'faults/clock', 'faults/disk', 'faults/kill', 'faults/killBox', 'faults/killRewrite', 'faults/locked', 'faults/memory', 'faults/migration',
  'faults/models', 'faults/network', 'faults/releaseKill', 'files/files', 'finding/duplicates', 'finding/finding', 'fleet/command', 'fleet/duckdb', 'fleet/fleet', 'fleet/guide',
  'fleet/manyStores', 'fleet/postgres', 'gallery/search', 'gallery/upkeep',
  'health/console', 'health/faults', 'health/reach', 'health/watchdog', 'papers/pack', 'papers/pdf', 'papers/signer', 'provisioning/apply',
  'provisioning/laptop', 'provisioning/powerCut', 'provisioning/powerCutFirst', 'provisioning/powerCutNext', 'provisioning/realBox',
  'provisioning/restoreBox', 'provisioning/stickUpdate', 'provisioning/stickWipe', 'provisioning/volumes', 'provisioning/well',
  'provisioning/wipe', 'server/audit', 'server/bystanders', 'server/candidate', 'server/export', 'server/fields', 'server/hostileFrames', 'server/mdns', 'server/notices',
  'server/outward', 'server/papers', 'server/recognition', 'server/rightsDesk', 'server/settings', 'storage/full', 'storage/rewriting',
  'updates/back', 'updates/dead', 'updates/deadBack', 'updates/fetch', 'updates/incoming', 'updates/power', 'updates/powerBack', 'updates/powerSwitch', 'updates/powerTrial',
  'updates/refusals', 'updates/sign', 'updates/unread', 'updates/update', 'updates/withdrawn', 'vision/eyes', 'vision/fetch', 'vision/packs', 'vision/rewrite',
  'vision/room', 'vision/settled',
];
/** Those that do only a part of their work otherwise. */
const MORE_IN_FULL = ['export/attacks', 'fuzz/rest', 'fuzz/sockets', 'provisioning/check', 'provisioning/settings'];
/** `rest`: what `npm test` leaves out, and no more. */
const full = process.env['TEST_FULL'];
const isWanted = (name: string): boolean =>
  full === 'rest' ? ONLY_IN_FULL.includes(name) || MORE_IN_FULL.includes(name) : full !== undefined || !ONLY_IN_FULL.includes(name);

const nameOf = (file: string): string => relative(TESTS, file).replace(/\.test\.js$/, '');
const rank = (file: string): number => {
  const place = LONGEST.indexOf(nameOf(file));
  return place < 0 ? LONGEST.length : place;
};
const named = process.argv.slice(2).map((file) => relative(ROOT, resolve(file)));
const files = named.length > 0 ? named : readdirSync(join(ROOT, TESTS), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.js') && !name.startsWith('fixtures'))
  .map((name) => join(TESTS, name)).filter((file) => isWanted(nameOf(file))).sort().sort((a, b) => rank(a) - rank(b));

t.setTimeout(0);
// One more than the two cores this is meant for: most wait a good deal. What is only in the full set is mostly browsers: no more than cores.
t.jobs = full === 'rest' ? 2 : 3;
t.plan(files.length);
for (const file of files) {
  // tap measures coverage in what it spawns, through NODE_OPTIONS: that doubles a file's time, and nobody reads it.
  void t.spawn('env', ['-u', 'NODE_OPTIONS', process.execPath, '--enable-source-maps', file], {
    name: file, cwd: ROOT, buffered: true, timeout: TIMEOUT_SECONDS * 1_000, env: { ...process.env, TAP_TIMEOUT: String(TIMEOUT_SECONDS) },
  });
}
