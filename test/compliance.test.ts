/** docs/compliance.md kept true: every id has its row, the files that it names are there, and a test of that title in each. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const IDS = Array.from({ length: 25 }, (_, i) => `C${i + 1}`);
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** Ids at the beginning of the titles of a file's tests: "C9: ..." or "C9, C10: ...". */
function idsIn(path: string): Set<string> {
  const titles = [...read(path).matchAll(/\btest\(\s*['"`](C\d+(?:, C\d+)*): /g)];
  return new Set(titles.flatMap(([, ids]) => ids!.split(', ')));
}

const rows = [...read('docs/compliance.md').matchAll(/^\| (C\d+) \|(.*)\|$/gm)].map(([, id, rest]) => ({ id: id!, cells: rest!.split('|').map((cell) => cell.trim()) }));
const pathsIn = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, path]) => path!);
const testFiles = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.ts')).map((name) => `test/${name}`);

t.test('every id has one row that says what, by which source, where and by which test', async (t) => {
  t.strictSame(rows.map(({ id }) => id), IDS);
  for (const { id, cells } of rows) {
    t.equal(cells.length, 4, id);
    for (const cell of cells) t.ok(cell.length > 3, `${id}: ${cell}`);
    for (const cell of [cells[2]!, cells[3]!]) {
      t.ok(pathsIn(cell).length > 0, `${id} names a place`);
      for (const path of pathsIn(cell)) t.ok(existsSync(join(ROOT, path)), `${id}: ${path} is there`);
    }
  }
});

t.test('every id has a test named after it, in each file that is named for it', async (t) => {
  const all = new Map(testFiles.map((path) => [path, idsIn(path)]));
  for (const { id, cells } of rows) {
    t.ok([...all.values()].some((ids) => ids.has(id)), `${id} has a test`);
    for (const path of pathsIn(cells[3]!)) t.ok(all.get(path)?.has(id), `${path} has a test "${id}: ..."`);
  }
  for (const [path, ids] of all) for (const id of ids) t.ok(IDS.includes(id), `${path}: ${id} is on the list`);
});

t.test('the documents say what they are, and name only files that are there', async (t) => {
  t.match(read('docs/compliance.md'), /not legal advice/);
  for (const document of ['docs/compliance.md', 'docs/threat-model.md']) {
    const text = read(document);
    for (const path of pathsIn(text).filter((each) => /^(test|appliance|models|docs)\/\S+\.(ts|json|md)$/.test(each))) t.ok(existsSync(join(ROOT, path)), `${document}: ${path}`);
    for (const [, link] of text.matchAll(/\]\(([\w.-]+\.md)\)/g)) t.ok(existsSync(join(ROOT, 'docs', link!)), `${document}: ${link}`);
  }
});
