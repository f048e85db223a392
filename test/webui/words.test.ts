/** Every word that a page asks for by name is there. (That both languages have the same names, the types see to.) */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { packageRoot } from '../../models/manifest.js';
import { LANGUAGES } from '../../appliance/contract/index.js';
import { messages } from '../../webui/src/i18n/messages.js';

const ROOT = join(packageRoot(), 'webui/src');
const sources = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(ts|vue)$/.test(file));

const wordOf = (words: unknown, name: string): unknown => name.split('.').reduce((at, part) => (at as Record<string, unknown> | undefined)?.[part], words);

t.test('no page shows the name of a word instead of the word', async (t) => {
  let asked = 0;
  for (const file of sources) {
    const names = [...readFileSync(join(ROOT, file), 'utf8').matchAll(/(?<![\w.$])t\('([\w.-]+)'/g)].map((match) => match[1]!);
    for (const language of LANGUAGES) {
      for (const name of names) {
        if (wordOf(messages[language], name) === undefined) t.fail(`${file} asks for ${name} (${language})`);
        asked += 1;
      }
    }
  }
  t.ok(asked > 1000, `${asked} looked up`);
});
