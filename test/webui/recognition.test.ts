/** What the page says about recognition: shares in words, enough cases or not, what a template was made from. */
import fc from 'fast-check';
import t from 'tap';
import type { Consent, TemplateInfo } from '../../appliance/contract/index.js';
import { comparedTo, interval, LEVEL_NAMES, LEVELS, levelOf, percent, shown, strangersOf } from '../../webui/src/recognition/shares.js';
import { groupPhotos, photosWanted, stricterUntil } from '../../webui/src/recognition/template.js';

t.test('a choice is told in whole people of a thousand', async (t) => {
  t.strictSame(strangersOf(LEVELS.cautious), { of: 1000, named: '1', asked: '9' });
  t.strictSame(strangersOf(LEVELS.standard), { of: 1000, named: '3', asked: '27' });
  t.strictSame(strangersOf(LEVELS.eager), { of: 1000, named: '10', asked: '40' });
  t.strictSame(strangersOf({ known: 0.0015, candidate: 0.0125 }), { of: 1000, named: '1.5', asked: '11' });
  t.strictSame(strangersOf({ known: 0.0001, candidate: 0.0002 }), { of: 10_000, named: '1', asked: '1' }, 'never "0.1 people"');
  t.strictSame(strangersOf({ known: 0.02, candidate: 0.02 }), { of: 1000, named: '20', asked: '0' }, 'nobody is asked about');
});

t.test('the three choices are known again, other numbers are not forced into them', async (t) => {
  for (const name of LEVEL_NAMES) t.equal(levelOf({ ...LEVELS[name] }), name);
  t.equal(levelOf({ known: 0.1 * 0.03, candidate: 0.3 * 0.1 }), 'standard', 'whatever arithmetic left behind');
  t.equal(levelOf({ known: 0.003, candidate: 0.05 }), null);
  t.equal(levelOf({ known: 0.0031, candidate: 0.03 }), null);
});

t.test('a percentage has as many digits as it needs', async (t) => {
  t.equal(percent(0), '0%');
  t.equal(percent(0.003), '0.3%');
  t.equal(percent(0.00042), '0.04%');
  t.equal(percent(0.0286), '2.9%');
  t.equal(percent(0.29, 'down'), '29%');
  t.equal(percent(0.07, 'up'), '7%');
  t.equal(percent(0.955), '96%');
  t.equal(percent(1, 'up'), '100%');
});

t.test('rounding never makes an interval narrower', async (t) => {
  t.strictSame(interval({ share: 0.00728, low: 0.00248, high: 0.02121, of: 412 }), { low: '0.24%', high: '2.2%' });
  const value = (text: string) => Number.parseFloat(text) / 100;
  fc.assert(fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (share) => {
    t.ok(value(percent(share, 'down')) <= share + 1e-8 && value(percent(share, 'up')) >= share - 1e-8, `${share}`);
    t.ok(value(percent(share, 'up')) - value(percent(share, 'down')) <= 0.0101, `${share}`);
  }));
});

t.test('few cases give no percentage, and a measured share disagrees only when its whole interval does', async (t) => {
  const estimate = (low: number, high: number, of: number) => ({ share: (low + high) / 2, low, high, of });
  t.equal(shown(null), null);
  t.equal(shown(estimate(0, 0.12, 29)), null);
  t.ok(shown(estimate(0, 0.12, 30)));
  t.equal(comparedTo(0.003, estimate(0.001, 0.006, 900)), 'as_chosen');
  t.equal(comparedTo(0.003, estimate(0.004, 0.012, 900)), 'more');
  t.equal(comparedTo(0.01, estimate(0.001, 0.006, 900)), 'fewer');
});

const template = (change: Partial<TemplateInfo> = {}): TemplateInfo => ({ state: 'ok', photos: [], photosKept: false, stricterUntil: null, ...change });

t.test('photos of one source, day and person are one line', async (t) => {
  const taken = (month: number, day: number, hour: number) => new Date(Date.UTC(2026, month - 1, day, hour)).toISOString();
  t.strictSame(groupPhotos([
    { source: 'enrolment', takenAt: taken(5, 3, 10), confirmedBy: null },
    { source: 'enrolment', takenAt: taken(5, 3, 11), confirmedBy: null },
    { source: 'refresh', takenAt: taken(6, 2, 9), confirmedBy: '周宁' },
    { source: 'refresh', takenAt: taken(6, 2, 16), confirmedBy: '沈店长' },
  ], 'Asia/Shanghai'), [
    { source: 'enrolment', day: '2026-05-03', confirmedBy: null, count: 2 },
    { source: 'refresh', day: '2026-06-02', confirmedBy: '周宁', count: 1 },
    { source: 'refresh', day: '2026-06-03', confirmedBy: '沈店长', count: 1 },
  ]);
});

t.test('only who agreed to recognition is asked for new photos', async (t) => {
  const consent = (change: Partial<Consent> = {}): Consent => ({
    id: 'c', noticeVersion: 1, language: 'zh-CN', purposes: ['recognise'], givenAt: '2026-05-01T10:00:00.000Z', validUntil: '2026-11-01', endedAt: null,
    endReason: null, witness: '周宁', guardian: null, seal: null, outdated: false, ...change,
  });
  const today = '2026-06-01';
  const wanted = (state: TemplateInfo['state'], consents: Consent[]) => photosWanted({ template: template({ state }), consents }, today);
  t.ok(wanted('other_pack', [consent()]));
  t.ok(wanted('drifting', [consent()]));
  t.notOk(wanted('ok', [consent()]));
  t.notOk(wanted('other_pack', []));
  t.notOk(wanted('other_pack', [consent({ validUntil: '2026-05-31' })]));
  t.notOk(wanted('other_pack', [consent({ purposes: ['greet'] })]));
  t.notOk(photosWanted({ template: null, consents: [consent()] }, today), 'never enrolled is another matter');
});

t.test('a stricter time that is over is not spoken of', async (t) => {
  const until = '2026-06-03T10:00:00.000Z';
  t.equal(stricterUntil(template({ stricterUntil: until }), Date.parse(until) - 1), until);
  t.equal(stricterUntil(template({ stricterUntil: until }), Date.parse(until)), null);
  t.equal(stricterUntil(template(), 0), null);
});
