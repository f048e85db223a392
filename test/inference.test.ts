/** What a face is used for, and what not: no model, field or word for anything but who somebody is, and no way from a match to a price. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import onnxProto from 'onnx-proto';
import ts from 'typescript';
import t from 'tap';
import * as contract from '../appliance/contract/index.js';
import { defaultManifestPath, defaultModelsDir, type ModelManifest } from '../models/manifest.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Traits that could be read from a face, whole words of a camelCase or snake_case name. */
const TRAIT = /(^|_)(emotions?|expressions?|moods?|smil(e|ing)|ages?|aged|genders?|sex|male|female|ethnic(ity)?|races?|skin|attractive(ness)?|beauty|health(y)?|fatigue|tired|stress|honesty|personality)(_|$)/;
const MONEY = /(^|_)(prices?|pricing|discounts?|amounts?|currency|cost|costs|fees?|coupons?|vouchers?|rebates?|markup|margin_rate|spend(ing)?|budgets?|purchase|purchases|sku|credit_limit)(_|$)/;
/** Names that only look like one: how long ago something was written down; how the box is; how many frames may be sent; the age that a customer states (PIPL 31), not one read from a face. */
const INNOCENT = new Set(['age_ms', 'GET /health', 'age_confirmed', 'box_health', 'health']);

/** displayName -> display_name. */
const words = (name: string): string => name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();

/** Every name in a JSON schema: properties and the values of enums. */
function namesIn(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  if (Array.isArray(schema)) return schema.flatMap(namesIn);
  return Object.entries(schema as Record<string, unknown>).flatMap(([key, value]) => {
    if (key === 'properties') return [...Object.keys(value as object), ...Object.values(value as object).flatMap(namesIn)];
    if (key === 'enum' || key === 'const') return [value].flat().filter((each): each is string => typeof each === 'string');
    return namesIn(value);
  });
}

/** Every property of the interfaces and types of a source file: the sockets' messages are types, not schemas. */
function propertiesOf(path: string): string[] {
  const file = ts.createSourceFile(path, readFileSync(join(ROOT, path), 'utf8'), ts.ScriptTarget.ES2023, true);
  const names: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isPropertySignature(node)) names.push(node.name.getText(file));
    ts.forEachChild(node, visit);
  };
  visit(file);
  return names;
}

/** Every property that a file of the contract gives a schema or a type. */
function propertiesIn(path: string): string[] {
  const file = ts.createSourceFile(path, readFileSync(join(ROOT, path), 'utf8'), ts.ScriptTarget.ES2023, true);
  const names = propertiesOf(path);
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAssignment(node) || ts.isShorthandPropertyAssignment(node)) names.push(node.name.getText(file));
    ts.forEachChild(node, visit);
  };
  visit(file);
  return names;
}

const wire = (): string[] => [
  ...Object.values(contract).flatMap(namesIn),
  ...['sockets', 'rest'].flatMap((name) => propertiesOf(`appliance/contract/${name}.ts`)),
];

t.test('C16: the models find a face, its points, whether its eyes are open, and who it is: nothing else ships', async (t) => {
  const manifest = JSON.parse(readFileSync(defaultManifestPath(), 'utf8')) as ModelManifest;
  const outputs: Record<string, number[][]> = { detector: [[1, 4420, 2], [1, 4420, 4]], landmarks: [[1, 136]], embedder: [[1, 512]], eyes: [[1, 2]] };
  t.strictSame(manifest.models.map(({ role }) => role).sort(), Object.keys(outputs).sort());
  const files = readdirSync(defaultModelsDir(), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && /\.(onnx|bin|pb|tflite|pt|json|weights)$/.test(entry.name));
  t.strictSame([...new Set(files.map(({ name }) => name))].sort(), manifest.models.map(({ file }) => file).sort(), 'no model beside those of the manifest');
  for (const { role, file } of manifest.models) {
    const { graph } = onnxProto.onnx.ModelProto.decode(readFileSync(join(defaultModelsDir(), file)));
    const shapes = (graph?.output ?? []).map(({ type }) => (type?.tensorType?.shape?.dim ?? []).map(({ dimValue }) => Number(dimValue)));
    t.strictSame(shapes, outputs[role], `${role}: what comes out of it`);
    for (const { name } of [...(graph?.output ?? []), ...(graph?.input ?? [])]) t.notMatch(words(name ?? ''), TRAIT, `${file}: ${name}`);
  }
});

t.test('C16: no field of the wire tells a trait of a face', async (t) => {
  const names = [...new Set(wire())];
  t.ok(names.length > 200, `${names.length} names looked at`);
  for (const name of ['trackId', 'displayName', 'decision', 'front']) t.ok(names.includes(name), `${name} is among them`);
  for (const name of names) if (!INNOCENT.has(words(name))) t.notMatch(words(name), TRAIT, name);
  for (const trait of ['age', 'estimatedAge', 'gender', 'face_emotion', 'is_male', 'skinTone', 'moodScore']) t.match(words(trait), TRAIT, `${trait} would be found`);
  // What a camera says of a face, in full.
  t.strictSame(Object.keys(contract.CameraFace.properties), ['trackId', 'box', 'decision', 'score', 'margin', 'person', 'greeting', 'sightingId']);
});

t.test('C16: nor do the tables keep one, and the page says that it does not', async (t) => {
  const migrations = join(ROOT, 'appliance/storage/migrations');
  const columns = readdirSync(migrations).filter((name) => name.endsWith('.sql')).flatMap((name) =>
    [...readFileSync(join(migrations, name), 'utf8').replace(/--.*$/gm, '').matchAll(/\b([a-z_]+)\s+(?:TEXT|INTEGER|REAL|BLOB)\b/g)].map(([, column]) => column!));
  t.ok(columns.length > 60, `${columns.length} columns`);
  for (const column of columns) t.notMatch(column, TRAIT);
  for (const language of ['zh-CN', 'en']) {
    const page = readFileSync(join(ROOT, `webui/src/i18n/${language}.ts`), 'utf8');
    // Where such a word stands, the sentence says that it is not done.
    for (const line of page.split('\n').filter((each) => /情绪|表情|性别|种族|民族|年龄段|emotion|gender|ethnic/i.test(each))) t.match(line, /不|无需|绝不|never|\bnot?\b|without/i, `${language}: ${line.trim()}`);
  }
});

/** Where amounts of money may stand: what the store sells and sold, the fields that it makes itself, and in what unit it counts. */
const SELLING = ['dealings', 'fields'];
/** The dossier and its copy list what was bought, and in which currency; after "not this person" staff are told how many purchases to put right. */
const MENTIONS: Readonly<Record<string, readonly string[]>> = { 'rest.ts': ['currency', 'purchases'], 'papers.ts': ['currency'], 'visits.ts': ['purchases'] };
/** Codes of errors say that something is wrong with a purchase, and hold nothing of it. */
const SAYING_ONLY = ['errors'];
/** Rooms that know whom a face resembles, or what is said to staff about it. */
const KNOWING = ['camera', 'vision', 'gallery', 'recognition', 'consent', 'visits', 'greeting'];

t.test('C23: what tells of a match knows no price, and what knows a price knows no match', async (t) => {
  const money = (path: string): string[] => propertiesIn(path).filter((name) => MONEY.test(words(name)));
  const files = readdirSync(join(ROOT, 'appliance/contract')).filter((name) => name.endsWith('.ts'));
  t.ok(files.length > 12, `${files.length} files of the contract`);
  for (const name of ['priceMinor', 'discountPercent', 'unit_price', 'creditLimit']) t.match(words(name), MONEY, `${name} would be found`);
  t.ok(money('appliance/contract/dealings.ts').includes('priceMinor'), 'and is, where the store sells');
  for (const file of files.filter((name) => ![...SELLING, ...SAYING_ONLY].includes(name.replace('.ts', '')))) {
    t.strictSame(money(`appliance/contract/${file}`).filter((name) => !(MENTIONS[file] ?? []).includes(name)), [], file);
  }
  for (const selling of SELLING) t.strictSame(propertiesIn(`appliance/contract/${selling}.ts`).filter((name) => /score|similarity|confidence|template|threshold/i.test(name)), [], selling);
  for (const schema of [contract.CameraFace, contract.CandidateCard, contract.RecognitionQuality, contract.SightingAnswer, contract.Suggestion, contract.Taste]) {
    for (const name of namesIn(schema)) t.notMatch(words(name), MONEY, name);
  }
  // Nor does the code of those rooms.
  const sources = KNOWING.flatMap((room) => readdirSync(join(ROOT, 'appliance', room), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts')).map((entry) => join(entry.parentPath, entry.name)));
  t.ok(sources.length > 60, `${sources.length} files`);
  for (const path of sources) {
    const text = readFileSync(path, 'utf8').replace(/\/\*[^]*?\*\/|\/\/.*$/gm, '');
    t.notMatch(text, /\b(price(Minor|_minor)?|amount(Minor|_minor)?|discount|coupon|currency)\b/i, path);
  }
});

t.test('C23: a match is a suggestion: what it shows can be answered and taken back, and a score decides nothing by itself', async (t) => {
  t.strictSame(Object.keys(contract.SightingAnswer.properties), ['answer'], 'staff answer, the box does not');
  t.strictSame([...contract.SIGHTING_ANSWERS], ['yes', 'no', 'unsure']);
  t.ok(contract.VISIT_END_REASONS.includes('not_this_person'), '"not this person" ends a visit');
  t.strictSame([...contract.ARRIVALS], ['recognised', 'confirmed', 'by_hand', 'scanned'], 'a card says how somebody came');
  // No request can carry a score: nobody can make the box act on one.
  const requests = Object.entries(contract).filter(([name]) => /(Request|Create|Change|Query|Finish|Answer|Choice|Params|Closing|Draft)$/.test(name));
  t.ok(requests.length > 15, `${requests.length} schemas of requests`);
  for (const [name, schema] of requests) t.notOk(namesIn(schema).some((each) => /score|similarity|confidence/i.test(each)), name);
});
