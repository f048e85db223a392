/** The words of the index and of queries, likeness, and the member code: pure rules. */
import { Secret, TOTP } from 'otpauth';
import t from 'tap';
import { likeness, strengthOf, type Likeable } from '../../appliance/finding/likeness.js';
import { fromBase32, MEMBER_CODE, prefixOf, readMemberCode, stepOf, toBase32 } from '../../appliance/finding/memberCode.js';
import { dossierParts, holds, indexedWords, isIn, nameTokens, phoneTokens, pieceOf, rangesOf, wordsOf } from '../../appliance/finding/words.js';

const inIndex = (parts: readonly (readonly string[])[], query: string): boolean => {
  const ranges = wordsOf(query).flatMap(rangesOf);
  return ranges.length > 0 && ranges.every((range) => isIn(range, indexedWords(parts)));
};
/** Whether a dossier of that name is found by that query. */
const finds = (name: string, query: string): boolean => inIndex([nameTokens(name)], query);

t.test('a name is found by any part, by its sound from any syllable on, and by initials', async (t) => {
  for (const query of ['王小明', '小明', '明', '王', 'wangxiaoming', 'WANG', 'wang xiao', 'xiaoming', 'wxm', 'xm', '王xm', '王 明', 'ｗａｎｇ', ' 王 小 明 ']) t.ok(finds('王小明', query), query);
  for (const query of ['小王', 'ang', '明小', 'xw', '王小名']) t.notOk(finds('王小明', query), query);
  for (const [name, query] of [
    ['曾国藩', 'zeng'], ['单小姐', 'shan'], ['仇英', 'qiuying'], ['解晓东', 'xxd'], ['区小姐', 'ou'], ['尉迟恭', 'yuchi'], ['欧阳娜娜', 'oynn'], ['乐嘉', 'yue'], ['乐嘉', 'le'],
    ['吕布', 'lv'], ['吕布', 'lu'], ['José Núñez', 'nunez'], ['Anna李', 'li'], ['Anna李', 'ANN'], ['😀王🌸芳', '王芳'], ['𠮷野家', '𠮷'], ['김민수', '민'], ['さくら', 'くら'],
    ['王小明', 'wangxm'], ['欧阳娜娜', 'ouyangnn'], ["O'Brien Seán", 'obrien'], ['Jean-Luc Picard', 'jeanlucp'], ['Jean-Luc Picard', 'lucpicard'],
  ] as const) t.ok(finds(name, query), `${name}: ${query}`);
  t.strictSame(wordsOf('🌸 -- "*" (( '), [], 'nothing to look for');
});

t.test('a phone number is found by any run of three digits, and its tail is known as such', async (t) => {
  const found = (query: string) => inIndex([phoneTokens('+8613812345678')], query);
  for (const query of ['13812345678', '138-1234-5678', '１３８ 1234', '5678', '678', '234', '+86 138']) t.ok(found(query), query);
  t.notOk(found('4321'));
  t.strictSame(wordsOf('567 8').flatMap(rangesOf), [{ word: '5678', exactly: false }], 'one number, not two words');
  t.strictSame(wordsOf('王 5678').flatMap(rangesOf), [{ word: '王', exactly: false }, { word: '5678', exactly: false }]);
});

t.test('a query is letters and digits, and a long one is looked for in pieces', async (t) => {
  for (const query of ['"', 'a"b', 'NEAR(a b)', 'a AND NOT b', 'terms:x', '^a', 'a*', '- -', '{a b}', 'a\u0000b', '\\', '"" OR ""', 'a%_']) {
    for (const { word } of wordsOf(query).flatMap(rangesOf)) t.match(word, /^[\p{L}\p{N}]+$/u, query);
  }
  t.ok(finds('王'.repeat(40), '王'.repeat(40)));
  t.ok(finds('阿卜杜拉买买提', '卜杜拉买买'));
  t.notOk(finds('阿卜杜拉买买提', '卜杜拉买提'));
  t.ok(finds('x'.repeat(60), 'x'.repeat(50)));
});

t.test('a phrase does not run over from one part of a dossier into the next, and each part knows where it stands', async (t) => {
  const parts = dossierParts({ display_name: '王明', salutation: '李总', phone: '13812345678', member_no: 'VIP-000123', email: 'Wang.Ming@example.com', wechat: 'wm_88', companions: [{ name: '小宝', relation: '儿子' }] });
  const place = (query: string) => parts.find(({ tokens }) => holds(tokens.join(' '), wordsOf(query)[0]!))?.in;
  t.notOk(inIndex(parts.map(({ tokens }) => tokens), '明李'));
  t.strictSame(['李总', 'lz', '5678', 'vip000123', 'VIP-0001', 'wang.ming@ex', 'wm_88', 'xiaobao'].map(place), ['name', 'name', 'phone', 'member', 'member', 'contact', 'contact', 'companion']);
});

t.test('a piece of a note is around the word', async (t) => {
  const note = `${'很长的开头，'.repeat(10)}喜欢靠窗的座位，不要打电话${'。后面还有'.repeat(10)}`;
  const piece = pieceOf(note, wordsOf('靠窗'));
  t.match(piece, /^….{0,14}靠窗的座位/);
  t.ok([...piece].length <= 50, piece);
  t.equal(pieceOf('短', wordsOf('无')), '短');
});

t.test('likeness: what agrees, and how far that tells of one person', async (t) => {
  const person = (fields: Partial<Likeable>): Likeable => ({ id: 'x', name: '张伟', sound: 'zhang wei', phone: null, email: null, wechat: null, birthday: null, ...fields });
  const judged = (a: Partial<Likeable>, b: Partial<Likeable>) => {
    const [x, y] = [person(a), person(b)];
    const reasons = likeness(x, y);
    return [strengthOf(reasons, x, y), ...reasons];
  };
  const birthday = { day: '02-29', year: 1990 };
  t.strictSame(judged({ phone: '13812345678' }, { phone: '+8613812345678' }), ['sure', 'phone', 'name']);
  t.strictSame(judged({ phone: '13812345678' }, { name: '章炜', phone: '13812345678' }), ['sure', 'phone', 'name_sound']);
  t.strictSame(judged({ birthday }, { name: '章炜', birthday: { day: '02-29', year: null } }), ['sure', 'name_sound', 'birthday']);
  t.strictSame(judged({ phone: '13812345678' }, { name: '李娜', sound: 'li na', phone: '13812345678' }), ['shared', 'phone'], 'a couple');
  t.strictSame(judged({ phone: '13812345678' }, { phone: '13911112222' }), [null, 'name'], 'namesakes');
  t.strictSame(judged({ phone: '13812345678' }, { phone: '13911115678' }), ['maybe', 'name', 'phone_tail']);
  t.strictSame(judged({ phone: '13812345678' }, { name: ' 张 伟 ' }), ['maybe', 'name']);
  t.strictSame(judged({ birthday }, { birthday: { day: '03-01', year: 1990 } }), [null, 'name'], 'two birthdays');
  t.strictSame(judged({ phone: '1', birthday }, { phone: '1', birthday: { day: '03-01', year: 1990 } }), ['maybe', 'phone', 'name'], 'father and son may share number and name');
  t.strictSame(judged({}, { name: '章炜' }), [null, 'name_sound']);
  t.strictSame(judged({ email: 'A@b.cn' }, { name: '李娜', sound: 'li na', email: 'a@B.cn' }), ['maybe', 'email']);
  t.strictSame(judged({ name: '李', sound: 'li', birthday }, { birthday }), [null, 'birthday']);
});

t.test('a member code is valid for its step and one on either side, and never twice', async (t) => {
  const secret = new Uint8Array(20).map((_, i) => i * 7);
  const at = (nowMs: number) => TOTP.generate({ secret: new Secret({ buffer: secret.buffer }), algorithm: 'SHA256', digits: 8, period: 30, timestamp: nowMs });
  const now = 1_780_000_000_000;
  const step = Math.floor(now / 30_000);
  t.equal(stepOf(secret, at(now), now, 0), step);
  t.equal(stepOf(secret, at(now - 30_000), now, 0), step - 1);
  t.equal(stepOf(secret, at(now + 30_000), now, 0), step + 1);
  t.equal(stepOf(secret, at(now - 60_000), now, 0), null, 'too old');
  t.equal(stepOf(secret, at(now), now, step), null, 'used');
  t.equal(stepOf(secret, at(now - 30_000), now, step), null, 'older than one that was used');
  t.equal(stepOf(secret, at(now), now, step + 1), null);
  t.equal(stepOf(secret, at(now), now, step + 86_400), step, 'the clock was ahead');
  t.equal(stepOf(secret, '00000000', now, 0), null);
  const handle = toBase32(new Uint8Array(10).fill(200));
  t.strictSame(readMemberCode(`${prefixOf(handle)}12345678`.toLowerCase()), { handle, digits: '12345678' });
  t.strictSame([...fromBase32(handle)], new Array(10).fill(200));
  t.equal(readMemberCode('PM1-short-12345678'), null);
  // RFC 6238, appendix B: SHA-256 at 59 s.
  const reference = Buffer.from('12345678901234567890123456789012');
  t.equal(stepOf(reference, '46119246', 59_000, 0), 1);
  t.strictSame(MEMBER_CODE, { algorithm: 'SHA256', digits: 8, period: 30 });
});
