/** No identifier, free text, exact time or value of a face can reach a release: refused by the compiler, by what is looked at when it runs, and by the schemas. */
import { inspect } from 'node:util';
import { serialize } from 'node:v8';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { Compile } from 'typebox/schema';
import { ReleaseDocument, ReleaseManifest } from '../../appliance/contract/index.js';
import { documentOf } from '../../appliance/export/archive.js';
import { makeProfile } from '../../appliance/export/profile.js';
import { Release, release, TrueFigures } from '../../appliance/export/release.js';
import { toRows, type DayVisit, type VisitorRow } from '../../appliance/export/rows.js';
import { Embedding, RotatedEmbedding } from '../../appliance/kit/index.js';
import { compile } from '../support/compiling.js';
import { crowd, GIVEN, seeded, TARGET } from '../support/dayRows.js';
import { exportingStore, fillDay, HOUR, MONDAY, toFolder } from '../support/exporting.js';
import { leaksIn } from '../support/leaks.js';
import { StoreReleases } from '../support/storeReleases.js';

const profile = makeProfile(GIVEN);
const NOTHING_SPENT = { dayMillionths: 0, yearMillionths: 0 };
const DAY = '2026-06-15';

// ---- The compiler ------------------------------------------------------------------------------------------------------

const HEAD = `
import type { ReleaseTableSpec, ReleaseDocument, ReleaseManifest } from '../appliance/contract/index.js';
import { archiveOf, filesOf } from '../appliance/export/archive.js';
import type { Profile } from '../appliance/export/profile.js';
import type { RandomSource } from '../appliance/export/random.js';
import { release, Release, TrueFigures } from '../appliance/export/release.js';
import type { DayVisit, VisitorRow } from '../appliance/export/rows.js';
import type { Embedding, RotatedEmbedding } from '../appliance/kit/index.js';
import type { Signer } from '../appliance/papers/index.js';
declare const profile: Profile; declare const random: RandomSource; declare const tables: ReleaseTableSpec[]; declare const document: ReleaseDocument; declare const signer: Signer;
declare const visit: DayVisit; declare const embedding: Embedding; declare const rotated: RotatedEmbedding; declare const typed: string; declare const figures: TrueFigures; declare const made: Release;
const budget = { dayMillionths: 0, yearMillionths: 0 };
void [archiveOf, filesOf, release, Release, TrueFigures, profile, random, tables, document, signer, visit, embedding, rotated, typed, figures, made, budget];
`;
const ROW = `person: 0, known: true, noticed: 'recognised', part: 1, minutes: 60, stage: 'attract', tier: 0, team: -1`;
const rowWith = (more: string) => `const row: VisitorRow = { ${ROW}, ${more} }; void row;`;
const rowBut = (field: keyof VisitorRow, value: string) => `const row: VisitorRow = { ${ROW.replace(new RegExp(`${field}: [^,]+`), `${field}: ${value}`)} }; void row;`;
const releaseOf = (rows: string) => `release('2026-06-15', ${rows}, profile, budget, random);`;

/** Each: what is tried, the error of the compiler, and the text that it points to. */
const REFUSED: Record<string, [snippet: string, code: number, at: string]> = {
  // 2353: nothing but known properties.
  aCustomer: [rowWith(`customerId: 'c'`), 2353, 'customerId'], aName: [rowWith(`name: '王'`), 2353, 'name'], aNote: [rowWith(`note: 'typed'`), 2353, 'note'],
  aTime: [rowWith('openedAtMs: 1_781_488_800_000'), 2353, 'openedAtMs'], aDate: [rowWith('openedAt: new Date(0)'), 2353, 'openedAt'], aFace: [rowWith('embedding'), 2353, 'embedding'],
  aTurnedFace: [rowWith('vector: rotated'), 2353, 'vector'], numbersOfAFace: [rowWith('vector: new Float32Array(512)'), 2353, 'vector'], aMember: [rowWith(`staffId: 's'`), 2353, 'staffId'],
  handedOver: [releaseOf(`[{ ${ROW}, customerId: 'c' }]`), 2353, 'customerId'],
  // 2322: not of this type.
  faceAsNumber: [rowBut('minutes', 'embedding'), 2322, 'minutes'], numbersAsNumber: [rowBut('tier', 'new Float32Array(1)'), 2322, 'tier'], dateAsNumber: [rowBut('part', 'new Date(0)'), 2322, 'part'],
  idAsPerson: [rowBut('person', `'0b6a8a1e-0000-4000-8000-000000000000'`), 2322, 'person'], nameAsTier: [rowBut('tier', `'金卡'`), 2322, 'tier'], nameAsTeam: [rowBut('team', 'typed'), 2322, 'team'],
  typedAsStage: [rowBut('stage', 'typed'), 2322, 'stage'], otherStage: [rowBut('stage', `'reflect'`), 2322, 'stage'], typedAsNoticed: [rowBut('noticed', 'typed'), 2322, 'noticed'],
  faceAsRow: [releaseOf('[embedding]'), 2740, 'embedding'], turnedFaceAsRow: [releaseOf('[rotated]'), 2740, 'rotated'], visitAsRow: [releaseOf('[visit]'), 2739, 'visit'],
  // 2345: not of the parameter's type.
  vectorAsRows: [releaseOf('new Float32Array(512)'), 2345, 'new Float32Array(512)'], faceAsRows: [releaseOf('embedding'), 2345, 'embedding'], figuresOfVisits: ['new TrueFigures([visit], profile);', 2739, 'visit'],
  // Only release() makes one.
  releaseMade: [`new Release(Symbol('made by release()'), { day: '2026-06-15', skipped: null, cells: [], spentMillionths: 0 });`, 2345, `Symbol('made by release()')`],
  releaseWritten: [`const plain: Release = { day: '2026-06-15', skipped: null, cells: [], spentMillionths: 0 }; void plain;`, 2741, 'plain'],
  releaseCopied: ['const copy: Release = { ...made }; void copy;', 2741, 'copy'],
  releaseDerived: [`class Mine { readonly day = ''; readonly skipped = null; readonly cells = []; readonly spentMillionths = 0; } const mine: Release = new Mine(); void mine;`, 2741, 'mine'],
  theKeyToIt: [`import { made as key } from '../appliance/export/release.js'; void key;`, 2459, 'made'],
  past: [`import { Release as Out } from '../appliance/export/index.js'; void Out;`, 2305, 'Release'],
  releaseItself: [`import { release as out } from '../appliance/export/index.js'; void out;`, 2305, 'release'],
  figuresOut: [`import { TrueFigures as Out } from '../appliance/export/index.js'; void Out;`, 2305, 'TrueFigures'],
  // Figures as they are fit nowhere.
  figuresAsDocument: ['filesOf(figures, tables);', 2345, 'figures'], figuresAsFiles: [`archiveOf({ manifestJws: '', files: [figures] });`, 2739, 'figures'],
  figuresAsArchive: ['archiveOf(figures);', 2345, 'figures'], figuresAsRelease: ['const out: Release = figures; void out;', 2739, 'out'], figuresSpread: ['filesOf({ ...figures }, tables);', 2345, '{ ...figures }'],
  figuresRead: ['void figures.cells;', 2339, 'cells'], figuresCells: ['const out: ReleaseDocument = { ...document, cells: figures }; void out;', 2740, 'cells'],
  documentWithMore: [`const out: ReleaseDocument = { ...document, customers: ['c'] }; void out;`, 2353, 'customers'],
  cellWithTime: [`const out: ReleaseDocument['cells'][number] = { table: 'part', cell: 'x', count: 10, estimate: 10, standardError: 1, at: new Date(0) }; void out;`, 2353, 'at'],
  otherTable: [`const out: ReleaseDocument['cells'][number] = { table: 'customer', cell: 'x', count: 10, estimate: 10, standardError: 1 }; void out;`, 2322, 'table'],
};

t.test('what does not belong in a release does not compile, each at its place', { timeout: 120_000 }, async (t) => {
  const controls = {
    row: `const row: VisitorRow = { ${ROW} }; void row;`, call: `const out: Release = ${releaseOf(`[{ ${ROW} }]`)} void out.cells;`,
    figures: `void new TrueFigures([{ ${ROW} }], profile).show().people;`,
    document: `void filesOf(document, tables); void archiveOf({ manifestJws: '', files: filesOf(document, tables) });`,
  };
  const errors = compile({ ...Object.fromEntries(Object.entries({ ...controls, ...Object.fromEntries(Object.entries(REFUSED).map(([name, [code]]) => [name, code])) }).map(([name, code]) => [name, `${HEAD}${code}`])) });
  for (const name of Object.keys(controls)) t.strictSame(errors[name], [], `${name}: what is right compiles`);
  for (const [name, [, code, at]] of Object.entries(REFUSED)) t.match(errors[name], [{ code, at: new RegExp(`^${at.replace(/[()[\]{}.]/g, '\\$&')}`) }], name);
});

// ---- While it runs -----------------------------------------------------------------------------------------------------

const LEGAL: VisitorRow = { person: 0, ...TARGET };
const FIELDS = Object.keys(LEGAL) as (keyof VisitorRow)[];
const WORDS = { noticed: ['recognised', 'confirmed', 'by_hand'], stage: ['arrive', 'attract', 'complete'] };
const BOUNDS = { person: [0, 1_000_000], part: [0, 6], minutes: [0, 180], tier: [-1, 6], team: [-1, 6] } as const;

/** What the rows become, by both ways; null: both refuse them, and in the same words whatever stands in them. */
function outcome(t: Test, rows: unknown): Release | null {
  const said: string[] = [];
  const tried = <T>(work: () => T): T | null => {
    try {
      return work();
    } catch (error) {
      said.push(`${(error as Error).name}: ${(error as Error).message}`);
      return null;
    }
  };
  const made = tried(() => release(DAY, rows as VisitorRow[], profile, NOTHING_SPENT, seeded(1)));
  const figures = tried(() => new TrueFigures(rows as VisitorRow[], profile));
  if ((made === null) !== (figures === null)) t.fail('one way takes what the other refuses');
  for (const each of said) if (each !== 'TypeError: these are not rows that a release may be made of') t.fail(each);
  return made;
}

/** Only the listed keys, words of the lists of the profile, and numbers that counts may be. */
function holdsFiguresOnly(made: Release): boolean {
  const isCell = ({ table, cell, count, estimate, standardError, ...more }: Release['cells'][number]) => Object.keys(more).length === 0
    && profile.tables.some((spec) => spec.table === table && spec.cells.includes(cell))
    && (count === null ? estimate === null && standardError === null : Number.isSafeInteger(count) && [estimate, standardError].every((value) => Number.isFinite(value) && Number.isInteger(Math.round(value! * 10))));
  return Object.keys(made).sort().join() === 'cells,day,skipped,spentMillionths' && [null, 'crowd', 'budget'].includes(made.skipped) && Number.isSafeInteger(made.spentMillionths) && made.cells.every(isCell);
}

const mayBe = (field: keyof VisitorRow, value: unknown): boolean => {
  if (field === 'known') return typeof value === 'boolean';
  if (field === 'noticed' || field === 'stage') return WORDS[field].includes(value as string);
  return Number.isInteger(value) && (value as number) >= BOUNDS[field][0] && (value as number) <= BOUNDS[field][1];
};

t.test('rows with anything more are refused, whatever its name and whatever it is', async (t) => {
  t.ok(outcome(t, [LEGAL]), 'the control');
  const embedding = new Embedding(Float32Array.from({ length: 512 }, (_, i) => Math.sin(i)));
  const face = { embedding, rotated: new RotatedEmbedding(embedding.values()), numbers: embedding.values(), bytes: Buffer.from(embedding.values().buffer), date: new Date(MONDAY) };
  for (const [name, value] of Object.entries(face)) {
    t.equal(outcome(t, [{ ...LEGAL, [name]: value }]), null, `${name} as a field`);
    t.equal(outcome(t, [value]), null, `${name} as a row`);
    t.equal(outcome(t, value), null, `${name} as rows`);
    for (const field of FIELDS) t.equal(outcome(t, [{ ...LEGAL, [field]: value }]), null, `${name} as ${field}`);
  }
  t.equal(outcome(t, [{ ...LEGAL, ...embedding }]), null, 'a face spread into a row');
  t.equal(outcome(t, [...crowd(200), { ...LEGAL, note: '' }]), null, 'one among two hundred');
  const visit: DayVisit = { customerId: 'c', openedAtMs: MONDAY, closedAtMs: MONDAY + HOUR, noticed: 'recognised', stage: 'arrive', customerSinceMs: 0, tier: '金卡', team: 'A' };
  t.equal(outcome(t, [visit]), null, 'a visit as the rooms tell it');
  // Excess fields of what is not written on the spot pass the compiler: here they do not.
  const [row] = toRows([visit], { fromMs: MONDAY, timeZone: 'Asia/Shanghai', dayEndsAt: '04:00' }, profile.parameters);
  const kept: VisitorRow[] = [Object.assign(row!, { customerId: visit.customerId })];
  t.equal(outcome(t, kept), null, 'an id that was kept beside');
  fc.assert(fc.property(fc.string().filter((key) => !(FIELDS as string[]).includes(key) && key !== '__proto__'), fc.anything(), (key, value) => outcome(t, [{ ...LEGAL, [key]: value }]) === null), { numRuns: 2_000 });
});

t.test('rows of another form are refused; what is taken becomes figures of fixed lists', async (t) => {
  const field = fc.constantFrom(...FIELDS);
  const value = fc.oneof(fc.anything(), fc.string(), fc.integer(), fc.constantFrom(...WORDS.noticed, ...WORDS.stage, true, 0, -1, 6, 7, 180, 181, 1.5, NaN, '0'));
  let taken = 0;
  fc.assert(fc.property(field, value, (name, given) => {
    const made = outcome(t, [...crowd(120), { ...LEGAL, person: 500, [name]: given }]);
    if (made === null) return !mayBe(name, given);
    taken += 1;
    return mayBe(name, given) && holdsFiguresOnly(made);
  }), { numRuns: 1_500 });
  t.ok(taken > 50, `${taken} were taken`);
  fc.assert(fc.property(field, (name) => outcome(t, [Object.fromEntries(Object.entries(LEGAL).filter(([each]) => each !== name))]) === null));
  fc.assert(fc.property(fc.anything().filter((rows) => !(Array.isArray(rows) && rows.length === 0)), (rows) => outcome(t, rows) === null), { numRuns: 1_000 });
  const anyRow = fc.record({
    person: fc.integer({ min: 0, max: 300 }), known: fc.boolean(), noticed: fc.constantFrom(...WORDS.noticed), part: fc.integer({ min: 0, max: 6 }), minutes: fc.integer({ min: 0, max: 180 }),
    stage: fc.constantFrom(...WORDS.stage), tier: fc.integer({ min: -1, max: 6 }), team: fc.integer({ min: -1, max: 6 }),
  });
  fc.assert(fc.property(fc.array(anyRow, { maxLength: 300, size: 'max' }), (rows) => {
    const made = outcome(t, rows);
    return made !== null && holdsFiguresOnly(made);
  }), { numRuns: 150 });
});

t.test('only release() makes a Release, also while it runs', async (t) => {
  const made = release(DAY, crowd(200), profile, NOTHING_SPENT, seeded(2));
  t.ok(documentOf(made, 'SH-01', 1).cells.length > 0, 'the control');
  const content = { day: DAY, skipped: null, cells: [{ table: 'visitor', cell: 'new', count: 149, estimate: 149, standardError: 0 }], spentMillionths: 0 };
  const AnyClass = Release as unknown as new (...values: unknown[]) => Release;
  for (const key of [undefined, null, true, Symbol('made by release()'), made]) t.throws(() => new AnyClass(key, content), /only release\(\)/);
  for (const [what, forged] of Object.entries({
    plain: content, copied: { ...made }, cloned: structuredClone(made), derived: Object.create(Release.prototype) as object, heir: Object.create(made, Object.getOwnPropertyDescriptors(content)) as object, figures: new TrueFigures(crowd(200), profile),
  })) t.throws(() => documentOf(forged as Release, 'SH-01', 1), TypeError, what);
  t.throws(() => Object.assign(made, { day: 'x' }), TypeError, 'and nothing of it is changed');
  t.throws(() => { (made.cells as unknown[]).push({ note: 'x' }); }, TypeError);
  t.throws(() => Object.assign(made.cells[0]!, { count: 149 }), TypeError);
});

t.test('true figures say nothing to whoever does not ask for them by name', async (t) => {
  const figures = new TrueFigures(crowd(157), profile);
  t.equal(figures.show().people, 157, 'the control');
  for (const [way, work] of Object.entries({
    json: () => JSON.stringify(figures), inside: () => JSON.stringify({ figures: [figures] }), clone: () => structuredClone(figures), cloneInside: () => structuredClone({ figures }), v8: () => serialize(figures),
    message: () => { new MessageChannel().port1.postMessage(figures); },
  })) t.throws(work, way);
  const inspected = inspect(figures, { showHidden: true, depth: null, customInspect: false });
  for (const [way, text] of Object.entries({ string: String(figures), template: `${figures as unknown as string}`, inspect: inspect(figures, { showHidden: true, depth: null }), asPlain: inspected, spread: inspect({ ...figures }), error: new Error(`${String(figures)}`).message })) t.notMatch(text, /157|\d{2}/, way);
  t.strictSame(Object.keys(figures), ['sealed']);
  t.throws(() => figures.sealed(), TypeError);
  t.equal(JSON.stringify({ ...figures }), '{}', 'a copy of it is empty');
  t.equal(JSON.stringify(Object.assign({}, documentOf(release(DAY, [], profile, NOTHING_SPENT, seeded(3)), 'SH-01', 0), figures)).includes('157'), false);
});

// ---- The schemas -------------------------------------------------------------------------------------------------------

const UUID = '0b6a8a1e-0000-4000-8000-000000000000';

/** Every object in a value, with its place. */
function objectsIn(value: unknown, place = ''): [string, Record<string, unknown>][] {
  if (typeof value !== 'object' || value === null) return [];
  const parts = Object.entries(value).flatMap(([key, part]) => objectsIn(part, `${place}/${key}`));
  return Array.isArray(value) ? parts : [[place, value as Record<string, unknown>], ...parts];
}

t.test('document and manifest have no place for more: not at any depth', async (t) => {
  const { document, manifest } = new StoreReleases('SH-01').next(DAY);
  for (const [name, schema, good] of [['document', Compile(ReleaseDocument), document], ['manifest', Compile(ReleaseManifest), manifest]] as const) {
    t.equal(schema.Check(good), true, `${name}: the control`);
    const places = objectsIn(good).map(([place]) => place);
    t.ok(places.length > 20);
    const more = fc.tuple(fc.integer({ min: 0, max: places.length - 1 }), fc.oneof(fc.constantFrom('customerId', 'name', 'at', 'note', 'embedding'), fc.string({ minLength: 1 })), fc.oneof(fc.jsonValue(), fc.constantFrom(UUID, '2026-06-15T10:00:00Z')));
    fc.assert(fc.property(more, ([at, key, value]) => {
      const copy = structuredClone(good);
      const [, object] = objectsIn(copy)[at]!;
      if (key in object || key === '__proto__') return true;
      object[key] = value;
      return !schema.Check(copy);
    }), { numRuns: 500 });
  }
  const cells = (change: object) => ({ ...document, cells: [{ ...document.cells[0]!, ...change }] });
  const check = Compile(ReleaseDocument);
  t.ok(check.Check(cells({})));
  for (const wrong of [
    cells({ cell: UUID }), cells({ cell: '2026-06-15T10:00:00.000Z' }), cells({ cell: '她说想要那只蓝色表盘的手表，下周三再来看看' }), cells({ cell: '' }), cells({ cell: 'a\nb' }), cells({ cell: 'x@y.cn' }), cells({ cell: '=1+1' }),
    cells({ table: 'customer' }), cells({ count: 10.5 }), cells({ count: '10' }), cells({ count: [0.1, 0.2] }), cells({ count: -1 }), cells({ estimate: '2026-06-15' }), cells({ cell: Array.from({ length: 512 }, () => 0.04) }),
    { ...document, day: '2026-06-15T10:00:00Z' }, { ...document, day: MONDAY }, { ...document, store: '南京路店 王小姐' }, { ...document, reason: 'she asked' }, { ...document, status: UUID }, { ...document, storedPersons: 0.5 },
  ]) t.equal(check.Check(wrong), false, JSON.stringify({ ...wrong, cells: wrong.cells.length === 1 ? wrong.cells : [] }).slice(0, 160));
});

t.test('what has not that form is not signed, let alone sent', async (t) => {
  const { rooms: { db }, clock, folder, exportsWith, dataDirectory } = exportingStore(t);
  fillDay(db, MONDAY, 150, 's');
  const config = { export: toFolder(folder), storeId: 'SH-01', version: '0.2.0', timeZone: 'Asia/Shanghai', dayEndsAt: '04:00', dataDirectory, credentialsDirectory: null };
  exportsWith(toFolder(folder));
  clock.move(19 * HOUR);
  for (const wrong of [
    { config: { ...config, storeId: '南京路 店' } }, { config: { ...config, version: 'a note of somebody, longer than a version is' } }, { storedPersons: () => 0.5 },
    { config: { ...config, export: toFolder(folder, { tiers: ['她说想要那只蓝色表盘的手表，下周三再来看看'] }) } },
  ]) {
    await exportsWith(toFolder(folder), wrong).work();
    t.strictSame([db.all('SELECT day FROM release'), db.all('SELECT day FROM epsilon_ledger')], [[], []]);
  }
  await exportsWith(toFolder(folder)).work();
  const [{ archive }] = db.all<{ archive: Buffer }>('SELECT archive FROM release') as [{ archive: Buffer }];
  t.strictSame(leaksIn(archive, { embeddings: [], photos: [] }), [], 'and nothing in the real one looks like a face');
});
