/** The page of head office's release: what its cells are called, how the list is followed, and that there is a word for everything the box can say. */
import t from 'tap';
import {
  EXPORT_ERRORS, EXPORT_TARGETS, LANGUAGES, NO_TEAM, NO_TIER, RELEASE_TABLES, SKIP_REASONS, STAGE_CELLS, VISITOR_CELLS, type ExportDay, type ExportDelivery, type ReleasedCell,
} from '../../appliance/contract/index.js';
import { makeProfile } from '../../appliance/export/index.js';
import { EXPORT_DEFAULTS } from '../../appliance/config/index.js';
import { messages } from '../../webui/src/i18n/messages.js';
import { byTable, cellName, epsilonText, oddsFactor, withActual } from '../../webui/src/release/cells.js';
import { canSend, dayAfter, merged, previewDay, stillMovingAfter } from '../../webui/src/release/days.js';
import { fingerprintOf } from '../../webui/src/release/fingerprint.js';

const wordOf = (words: unknown, name: string): unknown => name.split('.').reduce((at, part) => (at as Record<string, unknown> | undefined)?.[part], words);
const delivery = (state: ExportDelivery['state']): ExportDelivery => ({
  state, tries: 1, lastTriedAt: null, nextTryAt: null, deliveredAt: null, errorCode: null, progress: null,
});
const release = (day: string, state: ExportDelivery['state'] = 'delivered'): ExportDay => ({
  day, status: 'released', reason: null, madeAt: `${day}T20:40:00.000Z`, number: 1, fileName: `${day}.zip`, bytes: 1, sha256: '', epsilon: 1, cells: 20, suppressed: 0, delivery: delivery(state),
});
const cell = (table: ReleasedCell['table'], name: string, count: number | null): ReleasedCell => ({ table, cell: name, count, estimate: count, standardError: count === null ? null : 3.5 });

t.test('every cell that a box can release has its words in both languages; what head office named stays as it is', async (t) => {
  const { tables } = makeProfile({ ...EXPORT_DEFAULTS, tiers: ['金卡', 'Black'], teams: ['早班', 'B 2'] });
  t.strictSame(tables.map(({ table }) => table), [...RELEASE_TABLES]);
  const said = tables.flatMap(({ table, cells }) => cells.map((name, i) => ({ table, name, said: cellName(table, name, i === cells.length - 1) })));
  t.strictSame(said.flatMap((each) => (typeof each.said === 'string' ? [each.said] : [])), ['金卡', 'Black', '早班', 'B 2']);
  for (const { table, name, said: words } of said) {
    if (typeof words === 'string') continue;
    for (const language of LANGUAGES) t.type(wordOf(messages[language], words.words), 'string', `${table} ${name} ${language}`);
  }
  t.strictSame(cellName('part', 'until_12:00', false), { words: 'headOffice.part.until', values: { edge: '12:00' } });
  t.strictSame(cellName('part', '12:00-17:00', false), { words: 'headOffice.part.between', values: { from: '12:00', to: '17:00' } });
  t.strictSame(cellName('part', 'from_17:00', true), { words: 'headOffice.part.from', values: { edge: '17:00' } });
  t.strictSame(cellName('stay', '0-15', false), { words: 'headOffice.stay.under', values: { to: '15' } });
  t.strictSame(cellName('stay', '15-45', false), { words: 'headOffice.stay.between', values: { from: '15', to: '45' } });
  t.strictSame(cellName('stay', '90-180', true), { words: 'headOffice.stay.over', values: { from: '90' } }, 'the longest has no end');
  t.strictSame([cellName('tier', NO_TIER, true), cellName('team', NO_TEAM, true)].map((each) => typeof each), ['object', 'object']);
  t.equal(cellName('part', 'whatever', false), 'whatever', 'of a newer box');
});

t.test('there is a word for everything that the box can say of a release', async (t) => {
  const names = [
    ...EXPORT_ERRORS.map((code) => `errors.${code}`), ...EXPORT_TARGETS.map((target) => `headOffice.every.${target}`), ...RELEASE_TABLES.map((table) => `headOffice.table.${table}`),
    ...SKIP_REASONS.flatMap((reason) => [`headOffice.skipped.${reason}`, `headOffice.skippedBody.${reason}`]), ...VISITOR_CELLS.map((name) => `headOffice.visitor.${name}`),
    ...STAGE_CELLS.map((name) => `during.stage.${name}`), ...['clock', 'nobody_yet', 'restored'].map((held) => `headOffice.held.${held}`),
    ...['waiting', 'sending', 'delivered', 'dead'].map((state) => `headOffice.state.${state}`),
    ...['epsilon', 'crowd', 'cellMin', 'cellsPerPerson', 'minutesMax', 'year', 'noise'].map((name) => `headOffice.parameter.${name}`),
  ];
  for (const language of LANGUAGES) for (const name of names) t.type(wordOf(messages[language], name), 'string', `${name} ${language}`);
});

t.test('true figures stand beside the released ones of the same cell, and alone where nothing was released', async (t) => {
  const released = [cell('visitor', 'new', 12), cell('visitor', 'known_recognised', null), cell('team', 'none', 30)];
  const compared = [{ ...cell('team', 'none', 30), actual: 31 }, { ...cell('visitor', 'new', 12), actual: 9 }];
  t.strictSame(withActual(released, []), released);
  t.strictSame(withActual(released, compared).map((each) => [each.cell, each.actual]), [['new', 9], ['known_recognised', undefined], ['none', 31]]);
  t.strictSame(withActual([], compared), compared);
  t.strictSame(byTable(released).map(({ table, cells }) => [table, cells.length]), [['visitor', 2], ['team', 1]]);
});

t.test('the list keeps what was read further down, newest first, and what was read last of each day', async (t) => {
  const known = [release('2026-11-20', 'sending'), release('2026-11-19'), release('2026-11-18', 'waiting')];
  const days = merged(known, [release('2026-11-21'), release('2026-11-20', 'delivered')]);
  t.strictSame(days.map(({ day, delivery: { state } }) => [day, state]), [['2026-11-21', 'delivered'], ['2026-11-20', 'delivered'], ['2026-11-19', 'delivered'], ['2026-11-18', 'waiting']]);
  t.equal(stillMovingAfter(days, days.slice(0, 2)), '2026-11-19', 'read again from here on');
  t.equal(stillMovingAfter(days, days), null, 'the newest page has it');
  t.equal(stillMovingAfter(merged(days, [release('2026-11-18')]), days.slice(0, 2)), null, 'all of it has arrived');
  t.equal(stillMovingAfter([], []), null);
  t.strictSame((['waiting', 'dead', 'sending', 'delivered'] as const).map((state) => canSend(release('2026-11-20', state))), [true, true, false, false]);
});

t.test('a specimen is offered of yesterday alone, and only where it can still be released', async (t) => {
  t.equal(dayAfter('2026-12-31'), '2027-01-01');
  t.equal(previewDay([], '2026-03-01', null), '2026-02-28');
  t.equal(previewDay([release('2026-02-28')], '2026-03-01', null), null, 'it is released');
  t.equal(previewDay([], '2026-03-01', '2026-02-28'), null, 'it never will be: the box was restored');
  t.equal(previewDay([], '2026-03-01', '2026-02-27'), '2026-02-28');
});

t.test('numbers as people read them', async (t) => {
  t.strictSame([oddsFactor(1), oddsFactor(0.5), oddsFactor(0.1)], [2.7, 1.6, 1.1]);
  t.strictSame([epsilonText(187.400001), epsilonText(0.6), epsilonText(366)], ['187.4', '0.6', '366']);
  t.equal(await fingerprintOf(new TextEncoder().encode('abc').buffer as ArrayBuffer), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});
