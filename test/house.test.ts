/** The house's rules, kept true: who may import whom, one door a room, one importer for each dangerous thing. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import t from 'tap';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Each room and the rooms it may know. Who is not listed may not be known. `main.ts`, `neighbours.ts` and `start.ts` put it all together. */
const ROOMS: Record<string, readonly string[]> = {
  contract: [],
  kit: ['contract'],
  config: ['contract', 'kit'],
  events: ['contract', 'kit'],
  storage: ['kit'],
  camera: ['contract'],
  vision: ['contract', 'kit'],
  audit: ['contract', 'kit', 'storage'],
  backup: ['audit', 'contract', 'kit', 'storage'],
  compliance: ['audit', 'contract', 'events', 'kit', 'storage'],
  consent: ['audit', 'contract', 'events', 'kit', 'storage'],
  papers: ['contract', 'kit', 'storage'],
  export: ['audit', 'backup', 'contract', 'kit', 'papers', 'storage'],
  access: ['audit', 'contract', 'events', 'kit', 'storage'],
  customers: ['contract', 'events', 'kit', 'storage'],
  finding: ['contract', 'events', 'kit', 'storage'],
  followups: ['contract', 'events', 'kit', 'storage'],
  fields: ['contract', 'events', 'kit', 'storage'],
  erasure: ['audit', 'contract', 'kit', 'storage'],
  products: ['contract', 'events', 'kit', 'storage'],
  dealings: ['contract', 'events', 'kit', 'products', 'storage'],
  files: ['contract', 'events', 'kit', 'storage'],
  gallery: ['consent', 'contract', 'events', 'kit', 'storage'],
  visits: ['consent', 'contract', 'events', 'kit', 'storage'],
  greeting: ['contract', 'events', 'kit', 'storage'],
  dossiers: ['consent', 'contract', 'customers', 'finding', 'dealings', 'files', 'fields', 'followups', 'gallery', 'greeting', 'kit', 'visits'],
  rights: ['audit', 'compliance', 'consent', 'contract', 'customers', 'dossiers', 'events', 'kit', 'storage'],
  recognition: ['camera', 'consent', 'contract', 'customers', 'events', 'gallery', 'kit', 'storage', 'vision', 'visits'],
  health: ['contract', 'events', 'gallery', 'kit', 'recognition', 'storage', 'vision'],
  http: ['access', 'audit', 'backup', 'compliance', 'consent', 'contract', 'customers', 'dealings', 'dossiers', 'events', 'export', 'finding', 'files', 'fields', 'followups', 'gallery', 'greeting', 'kit', 'papers', 'products', 'recognition', 'rights', 'visits'],
};
/** Folders outside appliance/ that rooms may know. */
const OUTSIDE: Record<string, readonly string[]> = { vision: ['models'] };
const COMPOSERS = ['main.ts', 'neighbours.ts', 'start.ts'];
/** Files that may be imported past their room's door, and by whom. */
const SIDE_DOORS: Record<string, readonly string[]> = {
  'appliance/contract/errors.ts': ['appliance/kit/errors.ts'], 'appliance/contract/consoleErrors.ts': ['appliance/kit/errors.ts'], 'appliance/contract/limits.ts': ['appliance/vision/bytes.ts', 'appliance/vision/decode.ts'],
};
const README_LINES_MAX = 15;

/** Packages that only some files may import. */
const PACKAGES: Record<string, readonly string[]> = {
  'onnxruntime-node': ['appliance/vision/ort.ts'],
  sharp: ['appliance/vision/decode.ts'],
  'better-sqlite3': ['appliance/storage/database.ts', 'appliance/storage/lock.ts'],
  'sqlite-vec': ['appliance/storage/database.ts'],
  pino: ['appliance/kit/log.ts'],
  '@node-rs/argon2': ['appliance/access/index.ts'],
  '@simplewebauthn/server': ['appliance/access/passkeys.ts'],
  'node-cron': ['appliance/kit/timetable.ts'],
  jose: ['appliance/papers/signer.ts'],
  pdfkit: ['appliance/papers/sheet.ts'],
  qrcode: ['appliance/papers/sheet.ts', 'appliance/start.ts'],
  fflate: ['appliance/export/archive.ts', 'appliance/health/bundle.ts', 'appliance/papers/pack.ts', 'appliance/papers/zip.ts'],
  'pinyin-pro': ['appliance/finding/pinyin.ts'],
  otpauth: ['appliance/finding/memberCode.ts'],
  'csv-parse': ['appliance/products/csv.ts'],
  'csv-stringify': ['appliance/export/archive.ts', 'appliance/fields/export.ts'],
  hyparquet: ['appliance/export/archive.ts', 'appliance/export/opening.ts'],
  'hyparquet-writer': ['appliance/export/archive.ts'],
  'chinese-days': ['appliance/compliance/workdays.ts'],
  'age-encryption': ['appliance/backup/sealing.ts'],
  'bonjour-service': ['appliance/http/mdns.ts'],
  'pino-roll': ['appliance/kit/log.ts'],
  'prom-client': ['appliance/health/metrics.ts'],
  'ssh2-sftp-client': ['appliance/backup/sftp.ts'],
};
/** Packages that speak HTTP. */
const NETWORK = /^(fastify|@fastify\/|ws$|@peculiar\/|node:(http|https|net|tls|http2|dgram|dns)$)/;
/** Who may: `node:net` also tells what an address is; the guard wraps what speaks. */
const NETWORK_ELSEWHERE: Record<string, readonly string[]> = {
  'appliance/export/connectors/https.ts': ['node:https', 'node:http'], 'appliance/main.ts': ['node:net'], 'appliance/config/index.ts': ['node:net'], 'appliance/kit/egress.ts': ['node:net', 'node:dgram', 'node:dns'],
};

interface SourceFile { path: string; text: string; ast: ts.SourceFile; imports: string[] }

function sourcesBelow(directory: string, extensions: RegExp): SourceFile[] {
  if (!existsSync(join(ROOT, directory))) return [];
  return readdirSync(join(ROOT, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && extensions.test(entry.name) && !entry.parentPath.includes('node_modules'))
    .map((entry) => {
      const file = join(entry.parentPath, entry.name);
      const whole = readFileSync(file, 'utf8');
      // Of a Vue file the scripts matter.
      const text = file.endsWith('.vue') ? [...whole.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map((match) => match[1]).join('\n') : whole;
      const ast = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
      return { path: relative(ROOT, file), text, ast, imports: importsOf(ast) };
    });
}

/** Everything a file names to be loaded: imports, re-exports, import(), require(), import types, worker URLs. */
function importsOf(ast: ts.SourceFile): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier)) {
      found.push(node.moduleSpecifier.text);
    } else if (ts.isCallExpression(node) && (node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText(ast) === 'require')) {
      const [first] = node.arguments;
      found.push(first !== undefined && ts.isStringLiteralLike(first) ? first.text : '(computed)');
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
      found.push(node.argument.literal.text);
    } else if (ts.isNewExpression(node) && node.expression.getText(ast) === 'URL' && node.arguments?.[1]?.getText(ast) === 'import.meta.url') {
      const [first] = node.arguments;
      if (first !== undefined && ts.isStringLiteralLike(first) && first.text.endsWith('.js')) found.push(first.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(ast);
  return found;
}

/** Where a relative import leads, as a path from the root with .ts; null for a package. */
function target(file: SourceFile, specifier: string): string | null {
  if (!specifier.startsWith('.')) return null;
  return relative(ROOT, resolve(join(ROOT, dirname(file.path)), specifier)).replace(/\.js$/, '.ts');
}
const roomOf = (path: string): string | null => (/^appliance\/([^/]+)\//.exec(path)?.[1]) ?? null;

const appliance = sourcesBelow('appliance', /\.ts$/);
const everything = [...appliance, ...sourcesBelow('models', /\.ts$/), ...sourcesBelow('cli', /\.ts$/), ...sourcesBelow('provisioning', /\.ts$/), ...sourcesBelow('updates', /\.ts$/), ...sourcesBelow('fleet', /\.ts$/), ...sourcesBelow('packaging', /\.ts$/), ...sourcesBelow('demo', /\.ts$/)];
const webui = sourcesBelow('webui', /\.(ts|vue)$/);

t.test('the rooms are those of the table, each with a door and a short README', async (t) => {
  const rooms = readdirSync(join(ROOT, 'appliance'), { withFileTypes: true });
  t.strictSame(rooms.filter((entry) => entry.isDirectory()).map(({ name }) => name).sort(), Object.keys(ROOMS).sort());
  t.strictSame(rooms.filter((entry) => entry.isFile()).map(({ name }) => name).sort(), COMPOSERS);
  for (const room of Object.keys(ROOMS)) {
    t.ok(existsSync(join(ROOT, 'appliance', room, 'index.ts')), `${room} has a door`);
    const readme = join(ROOT, 'appliance', room, 'README.md');
    t.ok(existsSync(readme), `${room} has a README`);
    const lines = readFileSync(readme, 'utf8').trimEnd().split('\n');
    t.ok(lines.length <= README_LINES_MAX, `${room}: ${lines.length} lines`);
    t.equal(lines[0], `# ${room}`);
  }
});

t.test('the files are really looked at', async (t) => {
  t.ok(appliance.length > 60, `${appliance.length} files`);
  t.ok(appliance.reduce((sum, file) => sum + file.imports.length, 0) > 200);
  const sample = appliance.find((file) => file.path === 'appliance/gallery/templateSearch.ts')!;
  for (const expected of ['../kit/index.js', './searchThread.js', 'node:worker_threads']) t.ok(sample.imports.includes(expected), expected);
});

t.test('a room knows only the rooms that the table allows, and only by their doors', async (t) => {
  for (const file of appliance) {
    const room = roomOf(file.path);
    for (const specifier of file.imports) {
      const path = target(file, specifier);
      if (path === null) continue;
      const other = roomOf(path);
      if (room === null) {
        t.ok(other === null ? COMPOSERS.includes(path.replace('appliance/', '')) : path === `appliance/${other}/index.ts`, `${file.path} imports ${specifier}`);
      } else if (other === null) {
        const folder = path.split('/')[0]!;
        t.ok(OUTSIDE[room]?.includes(folder), `${file.path} imports ${specifier}`);
      } else if (other !== room) {
        t.ok(ROOMS[room]!.includes(other), `${room} must not know ${other}: ${file.path}`);
        if (SIDE_DOORS[path]?.includes(file.path) !== true) t.equal(path, `appliance/${other}/index.ts`, `${file.path} goes past the door of ${other}`);
      }
      t.ok(existsSync(join(ROOT, path)) || path.endsWith('.sql'), `${file.path}: ${path} exists`);
    }
  }
});

t.test('the table allows no more than is used', async (t) => {
  for (const [room, allowed] of Object.entries(ROOMS)) {
    const used = new Set(appliance.filter((file) => roomOf(file.path) === room)
      .flatMap((file) => file.imports.map((specifier) => target(file, specifier)).flatMap((path) => (path === null ? [] : [roomOf(path)]))));
    for (const other of allowed) t.ok(used.has(other), `${room} does not use ${other} any more: take it off the table`);
  }
});

t.test('no room knows itself by way of another', async (t) => {
  const reachable = (from: string, seen = new Set<string>()): Set<string> => {
    for (const next of ROOMS[from]!) if (!seen.has(next)) reachable(next, seen.add(next));
    return seen;
  };
  for (const room of Object.keys(ROOMS)) t.notOk(reachable(room).has(room), room);
});

t.test('no file imports itself by way of others, types aside', async (t) => {
  const edges = new Map(everything.map((file) => {
    const values = file.ast.statements.flatMap((statement) => {
      if (ts.isImportDeclaration(statement) && statement.importClause?.isTypeOnly !== true) return [statement.moduleSpecifier];
      if (ts.isExportDeclaration(statement) && !statement.isTypeOnly && statement.moduleSpecifier !== undefined) return [statement.moduleSpecifier];
      return [];
    }).flatMap((specifier) => (ts.isStringLiteral(specifier) ? [target(file, specifier.text)] : []));
    return [file.path, values.filter((path) => path !== null)] as const;
  }));
  const state = new Map<string, 'open' | 'done'>();
  const walk = (path: string, trail: string[]): void => {
    if (state.get(path) === 'done') return;
    if (state.get(path) === 'open') { t.fail(`a circle: ${[...trail.slice(trail.indexOf(path)), path].join(' > ')}`); return; }
    state.set(path, 'open');
    for (const next of edges.get(path) ?? []) walk(next, [...trail, path]);
    state.set(path, 'done');
  };
  for (const path of edges.keys()) walk(path, []);
  t.ok(edges.size > 60);
});

t.test('each dangerous package has its one place, and only declared packages are used', async (t) => {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
  for (const file of everything) {
    for (const specifier of file.imports) {
      t.not(specifier, '(computed)', `${file.path}: an import that cannot be read`);
      if (specifier.startsWith('.')) continue;
      const name = specifier.startsWith('node:') ? specifier : specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
      t.ok(name.startsWith('node:') ? builtinModules.includes(name.slice(5)) : name in dependencies || (/^(demo|packaging)\//.test(file.path) && existsSync(join(ROOT, 'node_modules', name))),
        `${file.path} imports ${name}`);
      // Other folders have tools of their own; the rules are for the box.
      if (!file.path.startsWith('appliance/')) continue;
      if (name in PACKAGES) t.ok(PACKAGES[name]!.includes(file.path), `${file.path} must not import ${name}`);
      if (NETWORK.test(specifier)) t.ok(file.path.startsWith('appliance/http/') || NETWORK_ELSEWHERE[file.path]?.includes(specifier) === true, `${file.path} must not import ${specifier}`);
    }
  }
});

t.test('only config reads the environment', async (t) => {
  // models/fetch.ts is a tool of the build, not part of the box; noTelemetry.ts reads nothing, it sets.
  const readers = everything.filter((file) => /\bprocess\s*(\.|\?\.|\[['"])\s*env\b|\benv\s*\}?\s*=\s*process\b|from 'node:process'/.test(file.text)).map((file) => file.path);
  t.strictSame(readers.filter((path) => !/^(demo|packaging)\//.test(path)).sort(), ['appliance/config/index.ts', 'appliance/vision/noTelemetry.ts', 'models/fetch.ts']);
});

t.test('only storage, and rooms with tables, speak SQL; http, vision, camera and kit do not', async (t) => {
  const sql = /\b(SELECT\s[\s\S]{1,300}?\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+(TABLE|INDEX)|PRAGMA\s)/;
  const speakers = new Set(appliance.filter((file) => sql.test(file.text)).map((file) => roomOf(file.path)));
  for (const room of ['http', 'vision', 'camera', 'kit', 'contract', 'config', 'events', null]) t.notOk(speakers.has(room), `${room ?? 'main.ts'} has SQL in it`);
  t.ok(speakers.has('customers') && speakers.has('storage'), 'the pattern finds SQL where it is');
});

t.test('UPDATE and DELETE always say which rows', async (t) => {
  let checked = 0;
  for (const file of appliance) {
    const visit = (node: ts.Node): void => {
      const text = ts.isStringLiteralLike(node) || ts.isTemplateExpression(node) ? node.getText(file.ast) : '';
      if (/\b(UPDATE\s+\w+\s+SET|DELETE\s+FROM)\b/.test(text)) {
        checked += 1;
        t.match(text, /\bWHERE\b/, `${file.path}: ${text}`);
      }
      ts.forEachChild(node, visit);
    };
    visit(file.ast);
  }
  t.ok(checked > 10, `${checked} statements`);
});

t.test('what runs on IT\'s laptops reaches nothing of the box beyond a few doors, and no native module', async (t) => {
  const allowed = ['appliance/access/secrets.ts', 'appliance/compliance/terms.ts', 'appliance/config/index.ts', 'appliance/contract/index.ts', 'appliance/kit/index.ts'];
  const seen = new Set<string>();
  const waiting = ['cli/stick.ts', 'cli/porticoStick.ts', 'provisioning/laptop/index.ts'];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    if (path.startsWith('appliance/')) { t.ok(allowed.includes(path), `${path} is reached from a laptop`); continue; }
    const file = everything.find((each) => each.path === path)!;
    // program.ts names all commands; of it only a type is used.
    waiting.push(...file.imports.flatMap((specifier) => target(file, specifier) ?? []).filter((each) => each !== 'cli/program.ts'));
    for (const name of ['better-sqlite3', 'onnxruntime-node', 'sharp', '@node-rs/argon2', 'ssh2-sftp-client']) t.notOk(file.imports.includes(name), `${path} imports ${name}`);
  }
  t.ok(seen.size > 25, `${seen.size} files`);
});

t.test('a proof of consent is made in one place', async (t) => {
  const importers = [...everything, ...webui].filter((file) => file.imports.some((specifier) => target(file, specifier) === 'appliance/consent/proof.ts'));
  t.strictSame(importers.map((file) => file.path), ['appliance/consent/index.ts']);
  const door = appliance.find((file) => file.path === 'appliance/consent/index.ts')!.text;
  t.match(door, /export type \{ ConsentProof \} from '\.\/proof\.js'/);
  t.notMatch(door, /export \{[^}]*\bConsentProof\b[^}]*\}/, 'only the type leaves the room');
});

t.test('whoever takes numbers out of an embedding is known by name', async (t) => {
  const takers = appliance.filter((file) => /\b(embedding|probe|mean|template|glance)\w*\.values\(\)/.test(file.text)).map((file) => file.path);
  t.strictSame(takers.sort(), ['appliance/gallery/customerKeys.ts', 'appliance/gallery/rotation.ts', 'appliance/gallery/templateSearch.ts', 'appliance/gallery/vectors.ts', 'appliance/vision/index.ts']);
});

t.test('nothing is printed past the logger', async (t) => {
  const printers = appliance.filter((file) => /\bconsole\.|process\.(stdout|stderr)\.write/.test(file.text)).map((file) => file.path);
  t.strictSame(printers, ['appliance/start.ts']);
});

t.test('only the composition root makes rooms', async (t) => {
  const classes = /new (Access|Backups|Greeting|Audit|Customers|Dealings|Dossiers|Erasure|Finding|Files|Fields|FollowUps|Visits|Consent|Gallery|Enrolments|Sightings|Quality|Upkeep|Recognition|Health|EventBus|Rights|AccessCopies|Explanations|Modes|Assessments|Retention|StoredPersons|Breaches|Overview|Products|Signer|Things)\(/;
  const makers = appliance.filter((file) => classes.test(file.text)).map((file) => file.path);
  t.strictSame(makers, ['appliance/main.ts']);
});

t.test('the page knows nothing of the box but the contract', async (t) => {
  for (const file of webui) {
    for (const specifier of file.imports) {
      const path = target(file, specifier);
      if (path === null || path.startsWith('webui/')) continue;
      t.ok(/^appliance\/contract\/(index|checkWords|permissions|yearlyDates)\.ts$/.test(path), `${file.path} imports ${specifier}`);
    }
  }
  t.ok(webui.length === 0 || webui.some((file) => file.imports.some((specifier) => target(file, specifier) === 'appliance/contract/index.ts')));
});

t.test('nothing refers to a folder outside the project', async (t) => {
  const files = [...everything, ...webui, ...sourcesBelow('test', /\.ts$/)].filter((file) => file.path !== 'test/house.test.ts');
  for (const file of files) t.notOk(/\/work\/|\.\.\/shared\//.test(file.text), file.path);
});
