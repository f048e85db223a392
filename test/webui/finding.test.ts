/** A reader that types, and the rotating code as the phone computes it: pure. */
import t from 'tap';
import { stepOf } from '../../appliance/finding/memberCode.js';
import { rotatingCode } from '../../webui/src/finding/rotating.js';
import { Wedge } from '../../webui/src/finding/wedge.js';

const type = (wedge: Wedge, text: string, eachMs: number, fromMs = 0): string | null => {
  let scan: string | null = null;
  [...text].forEach((key, i) => { scan = wedge.key(key === '\n' ? 'Enter' : key, fromMs + i * eachMs) ?? scan; });
  return scan;
};

t.test('a burst that ends in Enter is a scan; what a person types is not', async (t) => {
  t.equal(type(new Wedge(), '04A2B3C4D5\n', 8), '04A2B3C4D5');
  t.equal(type(new Wedge(), '04A2B3C4D5\n', 50), '04A2B3C4D5', 'a slow reader');
  t.equal(type(new Wedge(), '04A2B3C4D5\n', 51), null, 'a fast person');
  t.equal(type(new Wedge(), '12345\n', 5), null, 'too short');
  t.equal(type(new Wedge(), '04A2B3C4D5', 5), null, 'no end');
  const wedge = new Wedge();
  t.equal(type(wedge, 'abc', 120), null);
  t.equal(type(wedge, '13812345678\n', 5, 5_000), '13812345678', 'what was typed before is not part of it');
  t.equal(type(wedge, '\n', 5, 5_070), null, 'and is told once');
  wedge.key('1', 9_000);
  for (const [i, key] of ['Shift', 'P', 'Shift', 'M', '1', '-', 'A', 'b'].entries()) wedge.key(key, 9_100 + i * 5);
  t.equal(wedge.key('Enter', 9_145), 'PM1-Ab');
  for (let i = 0; i < 500; i++) wedge.key('x', 20_000 + i);
  t.equal(wedge.key('Enter', 20_501)!.length, 200, 'bounded');
});

t.test('the phone and the box agree on the code of each moment', async (t) => {
  const own = { storeName: '店', memberNo: null, prefix: 'PM1-AAAAAAAAAAAAAAAA-', secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', digits: 8, periodSeconds: 30, algorithm: 'SHA256', now: '' };
  const now = 1_780_000_007_500;
  const code = rotatingCode(own, now);
  t.match(code, { value: `PM1-AAAAAAAAAAAAAAAA-${code.digits}`, digits: /^\d{8}$/ });
  t.ok(code.left > 0 && code.left <= 1);
  t.equal(stepOf(Buffer.from('12345678901234567890'), code.digits, now, 0), Math.floor(now / 30_000));
  t.not(rotatingCode(own, now + 30_000).digits, code.digits);
});
