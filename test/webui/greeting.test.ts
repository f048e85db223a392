/** The page's preview of words fills in as the box does, and each placeholder has a name and an invented value. */
import fc from 'fast-check';
import t from 'tap';
import { SUGGESTION_KINDS } from '../../appliance/contract/index.js';
import { asTyped, BUILT_IN, fill, PLACEHOLDERS, wrongIn } from '../../appliance/greeting/words.js';
import { preview, renamed, withPlaceholder } from '../../webui/src/greeting/preview.js';
import { messages } from '../../webui/src/i18n/messages.js';

t.test('every kind and every placeholder is named, in both languages', async (t) => {
  for (const language of ['zh-CN', 'en'] as const) {
    const { kind, when, placeholder, sample }: Record<'kind' | 'when' | 'placeholder' | 'sample', Readonly<Record<string, string>>> = messages[language].greeting;
    t.equal(new Set(Object.values(placeholder)).size, Object.keys(placeholder).length, 'no two are called the same');
    for (const each of SUGGESTION_KINDS) {
      t.ok(kind[each] && when[each], each);
      for (const name of PLACEHOLDERS[each]) t.ok(placeholder[name] && sample[name], `${language}: ${name}`);
      t.notMatch(preview(BUILT_IN[each][language], (name) => sample[name]), /[{}]/, each);
    }
  }
});

t.test('the preview says what the card will say', async () => {
  const template = fc.array(fc.oneof(fc.constantFrom('{name}', '{ name }', '｛name｝', '{', '}', '$&', '{other}'), fc.string({ maxLength: 5 })), { maxLength: 8 }).map((parts) => parts.join(''));
  await fc.assert(fc.asyncProperty(template, fc.string({ maxLength: 12 }), async (text, value) => {
    const kept = asTyped(text);
    const [here, there] = [preview(kept, (name) => (name === 'name' ? value : undefined)), fill(kept, { name: { 'zh-CN': value, en: value } }, 'en')];
    if (here !== there) throw new Error(JSON.stringify({ text, value, here, there }));
  }));
});

t.test('a chip writes where the cursor is', async (t) => {
  t.equal(renamed('您好，{ name }，{x}', (name) => ({ name: '称呼' })[name]), '您好，{称呼}，{x}');
  t.equal(renamed('您好，{称呼}', (name) => ({ 称呼: 'name' })[name]), '您好，{name}');
  t.strictSame(withPlaceholder('您好，欢迎', 'name', 3, 3), { text: '您好，{name}欢迎', cursor: 9 });
  const { text } = withPlaceholder('您好，XX欢迎', 'name', 3, 5);
  t.equal(text, '您好，{name}欢迎', 'what was selected goes');
  t.equal(wrongIn(text, 'first_visit'), null);
});
