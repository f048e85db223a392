/** Every finding of every check has words, in both languages and at the command line, with the same numbers in them. */
import t from 'tap';
import { CHECK_IDS, CHECK_REASONS, CHECK_WORDS } from '../../appliance/contract/index.js';
import { messages } from '../../webui/src/i18n/messages.js';

type Table = Readonly<Record<string, Readonly<Record<string, string>>>>;
const tables: Record<string, Table> = { console: CHECK_WORDS, en: messages.en.checks, 'zh-CN': messages['zh-CN'].checks };
const blanks = (words: string): string[] => [...words.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!).sort();

t.test('no check finds what nobody has words for, and no words wait for what is never found', async (t) => {
  for (const [where, table] of Object.entries(tables)) {
    t.strictSame(Object.keys(table).sort(), [...CHECK_IDS].sort(), where);
    for (const id of CHECK_IDS) t.strictSame(Object.keys(table[id]!).sort(), [...CHECK_REASONS[id]].sort(), `${where}: ${id}`);
  }
});

t.test('both languages fill in the same numbers, and say what cannot break the page', async (t) => {
  for (const id of CHECK_IDS) {
    for (const reason of CHECK_REASONS[id]) {
      const [english, chinese] = [tables['en']![id]![reason]!, tables['zh-CN']![id]![reason]!];
      t.strictSame([...new Set(blanks(chinese))], [...new Set(blanks(english))], `${id}.${reason}`);
      t.match(chinese, /\p{Script=Han}|°C/u);
      // Signs that vue-i18n reads as its own.
      for (const words of [english, chinese]) t.notMatch(words, /[@|]/, words);
    }
  }
});
