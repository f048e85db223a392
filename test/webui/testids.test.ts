/**
 * Every mark that a browser test looks for is on some component. Without this a renamed one is noticed only by the full set, after
 * twenty seconds of waiting for each.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { packageRoot } from '../../models/manifest.js';

const read = (folder: string): string => readdirSync(join(packageRoot(), folder), { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(ts|vue)$/.test(file)).map((file) => readFileSync(join(packageRoot(), folder, file), 'utf8')).join('\n');

t.test('no browser test waits for what no page has', async (t) => {
  const pages = read('webui/src');
  const whole = new Set([...pages.matchAll(/['"`]([a-z][a-z0-9-]*)['"`]/g)].map(([, id]) => id));
  // `purpose-${purpose}`, `${name}-add`: by what stands still in it.
  const made = [...pages.matchAll(/`((?:[a-z0-9-]|\$\{[^}`]+\})+)`/g)].map(([, id]) => id!).filter((id) => id.includes('${') && id.replace(/\$\{[^}]+\}/g, '').length > 1)
    .map((id) => new RegExp(`^${id.replace(/\$\{[^}]+\}/g, '.+')}$`));
  let looked = 0;
  for (const [, id] of read('test/browser').matchAll(/(?:\bat\(\w+, |getByTestId\(|data-testid=)['`]?([a-z][a-z0-9-]*)['`\]]/g)) {
    looked += 1;
    if (!whole.has(id!) && !made.some((form) => form.test(id!))) t.fail(`no page has ${id}`);
  }
  t.ok(looked > 300, `${looked} looked for`);
});
