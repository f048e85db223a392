/** Money as it is typed on an iPad. */
import t from 'tap';
import { minorOf, typedOf } from '../../webui/src/format/minor.js';

t.test('what is typed is an amount in the smallest unit, or none', async (t) => {
  for (const [typed, currency, minor] of [
    ['1280', 'CNY', 128_000], ['1,280.5', 'CNY', 128_050], ['１２．３０', 'CNY', 1_230], ['12.', 'CNY', 1_200], ['0', 'CNY', 0], ['1500', 'JPY', 1_500], ['0.29', 'EUR', 29], ['1.234', 'KWD', 1_234],
    ['', 'CNY', null], ['.', 'CNY', null], ['-5', 'CNY', null], ['1.234', 'CNY', null], ['1.5', 'JPY', null], ['abc', 'CNY', null], ['1.2.3', 'CNY', null], ['9'.repeat(12), 'CNY', null],
  ] as const) t.equal(minorOf(typed, currency), minor, `${typed} ${currency}`);
  for (const [minor, currency, typed] of [[128_050, 'CNY', '1280.5'], [29, 'EUR', '0.29'], [1_500, 'JPY', '1500']] as const) {
    t.equal(typedOf(minor, currency), typed);
    t.equal(minorOf(typed, currency), minor, 'and back');
  }
});
