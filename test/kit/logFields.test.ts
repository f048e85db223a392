/** What the redaction drops from every line must not be what a line is there to say. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import ts from 'typescript';
import { RETENTION_KINDS } from '../../appliance/contract/index.js';
import { NEVER_LOGGED } from '../../appliance/kit/log.js';

const APPLIANCE = join(fileURLToPath(new URL('../../../', import.meta.url)), 'appliance');
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
/** Logged as they are made elsewhere: what is in them, looked up by hand. */
const WHOLE: Readonly<Record<string, readonly string[]>> = {
  '...details': ['addresses', 'certificate', 'names', 'rootFrom', 'rootTo'],
  '...result': ['fileName', 'bytes', 'copyMs', 'sendMs', 'checkMs', 'removed'],
  'result': ['checked', 'differing', 'rowsInFile', 'rowsInMemory', 'reloaded'],
  'remade': ['templates', 'forgotten'],
  'outcome': ['made', 'photosWanted'],
  'retention.run()': RETENTION_KINDS,
  'await fields.purge()': ['fields', 'options'],
};

function fieldsOf(argument: ts.Expression | undefined, source: ts.SourceFile): string[] {
  if (argument === undefined || ts.isStringLiteralLike(argument) || ts.isTemplateExpression(argument)) return [];
  const whole = (text: string) => WHOLE[text] ?? [`not looked up: ${text}`];
  if (!ts.isObjectLiteralExpression(argument)) return [...whole(argument.getText(source))];
  return argument.properties.flatMap((property) => (ts.isSpreadAssignment(property) ? whole(property.getText(source)) : [property.name!.getText(source)]));
}

/** FILE: FIELD, for every field of every line. */
function logged(file: string, text: string): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) && LEVELS.includes(node.expression.name.text) && /(^|[.#])log$/.test(node.expression.expression.getText(source))) {
      found.push(...fieldsOf(node.arguments[0], source));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}
const isDropped = (field: string) => NEVER_LOGGED.includes(field) || field.startsWith('not looked up');

t.test('no line names a field that is dropped from it', async (t) => {
  t.strictSame(logged('a.ts', 'log.warn({ code, err, ...rest }, "m"); this.#log.error(facts); deps.log.info({ name: 1 })').filter(isDropped),
    ['code', 'not looked up: ...rest', 'not looked up: facts', 'name'], 'it would be found');
  const files = readdirSync(APPLIANCE, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const all = files.flatMap((file) => logged(file, readFileSync(join(APPLIANCE, file), 'utf8')).map((field) => ({ file, field })));
  t.ok(all.length > 40, `${all.length} fields`);
  t.strictSame(all.filter(({ field }) => isDropped(field)), []);
});
