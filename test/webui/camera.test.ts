/** The page's camera: credits, whom the look-up panel speaks of, what the front desk says. */
import t from 'tap';
import type { CameraFace, CameraResult } from '../../appliance/contract/index.js';
import { afterMessage, afterSend, maySend, noCredits } from '../../webui/src/camera/credits.js';
import { afterAnswer, afterResult as afterResultAt, emptyLookUp, withoutStale, type LookUp } from '../../webui/src/camera/lookUp.js';
import { toSignature } from '../../webui/src/consent/signature.js';
import { addMonths, termChoices } from '../../webui/src/consent/terms.js';
import { afterFrontDeskResult, startCheckIn, type CheckIn } from '../../webui/src/frontDesk/checkIn.js';

const face = (trackId: number, change: Partial<CameraFace> = {}): CameraFace => ({
  trackId, box: { x: 0, y: 0, width: 100, height: 130 }, decision: 'undecided', score: null, margin: null, person: null, greeting: null, sightingId: null, ...change,
});
const person = (id: string) => ({ customerId: id, displayName: id, salutation: null, tier: null });
const afterResult = (state: LookUp, data: CameraResult['data'], nowMs = 0) => afterResultAt(state, data, nowMs);
const result = (...faces: CameraFace[]): CameraResult['data'] => ({ frame: 1, width: 1280, height: 720, tookMs: 1, analyseMs: 1, credits: 1, dropped: 0, faces });

t.test('sends only with credit to spare, and not faster than the interval', async (t) => {
  let credits = afterMessage(noCredits, { v: 1, type: 'camera.ready', data: { cameraId: 'c', mode: 'look_up', range: 'near', credits: 2, maxBytes: 1, maxPixels: 1 } });
  t.ok(maySend(credits, 1000, 200));
  credits = afterSend(credits, 1000);
  t.notOk(maySend(credits, 1100, 200), 'too soon');
  credits = afterSend(credits, 1200);
  t.notOk(maySend(credits, 2000, 200), 'two under way');
  credits = afterMessage(credits, { v: 1, type: 'camera.result', data: result() });
  t.ok(maySend(credits, 2000, 200));
});

t.test('the panel stays with the person, not with the place in the list', async (t) => {
  const a = face(1, { decision: 'known', person: person('a') });
  const b = face(2, { decision: 'known', person: person('b'), box: { x: 0, y: 0, width: 300, height: 400 } });
  const first = afterResult(emptyLookUp, result(a));
  t.equal(afterResult(first, result(b, a)).focus?.person.customerId, 'a', 'a larger face does not take over');
  const gone = afterResult(first, result());
  t.equal(gone.focus?.person.customerId, 'a', 'still there to be tapped');
  t.notOk(gone.inView);
});

t.test('an answered question is not asked again, and a yes names the person', async (t) => {
  const asked = afterResult(emptyLookUp, result(face(1, { decision: 'candidate', person: person('a'), sightingId: 's' })));
  t.equal(asked.focus?.sightingId, 's');
  t.equal(afterAnswer(asked, 's', 'yes').focus?.decision, 'known');
  const refused = afterAnswer(asked, 's', 'no');
  t.equal(refused.focus, null);
  t.equal(afterResult(refused, result(face(1, { decision: 'candidate', person: person('a'), sightingId: 's' }))).focus, null);
});

t.test('a name goes when another face has a decision, when this one turns out to be unknown, or after ten seconds', async (t) => {
  const known = afterResult(emptyLookUp, result(face(1, { decision: 'known', person: person('a') })), 1000);
  const focusAfter = (...faces: CameraFace[]) => afterResult(known, result(...faces), 2000).focus?.person.customerId ?? null;
  t.equal(focusAfter(face(2)), 'a', 'a face not decided yet changes nothing');
  t.equal(focusAfter(face(2, { decision: 'unknown' })), null);
  t.equal(focusAfter(face(2, { decision: 'candidate' })), null);
  t.equal(focusAfter(face(2, { decision: 'known', person: person('b') })), 'b');
  t.equal(focusAfter(face(1, { decision: 'unknown' })), null);
  t.equal(afterResult(known, result(), 10_999).focus?.person.customerId, 'a');
  t.equal(afterResult(known, result(), 11_000).focus, null);
  t.equal(withoutStale(known, 10_999), known);
  t.equal(withoutStale(known, 11_000).focus, null, 'also when no results come');
});

t.test('a yes keeps the name until the box says it itself', async (t) => {
  const asked = afterResult(emptyLookUp, result(face(1, { decision: 'candidate', person: person('a'), sightingId: 's' })), 0);
  const yes = afterAnswer(asked, 's', 'yes');
  t.equal(afterResult(yes, result(face(1, { decision: 'candidate' })), 500).focus?.person.customerId, 'a');
  t.equal(afterResult(asked, result(face(1, { decision: 'candidate' })), 500).focus, null, 'unanswered and no longer open');
});

t.test('a face that may be somebody, without a question, is not waited for longer than three seconds', async (t) => {
  const vague = face(1, { decision: 'candidate' });
  let state = afterResult(emptyLookUp, result(vague), 0);
  t.equal(state.hint, 'wait');
  state = afterResult(state, result(vague), 2999);
  t.equal(state.hint, 'wait');
  state = afterResult(state, result(face(1)), 3000);
  t.equal(state.hint, 'unsure', 'a blurred frame in between does not start again');
  t.equal(afterResult(state, result(face(2, { decision: 'candidate' })), 3100).hint, 'wait', 'somebody else');
  t.equal(afterResult(state, result(face(1, { decision: 'unknown' })), 3100).hint, 'unknown');
  t.equal(afterResult(state, result(), 3100).hint, 'nobody');
});

t.test('the front desk greets by name only who agreed to it; all others hear the same words', async (t) => {
  const see = (state: CheckIn, ...faces: CameraFace[]) => afterFrontDeskResult(state, result(...faces), 0);
  t.strictSame(see(startCheckIn, face(1, { decision: 'known', greeting: '林女士' })), { step: 'greeted', name: '林女士' });
  t.strictSame(see(startCheckIn, face(1, { decision: 'known' })), { step: 'staff' });
  t.strictSame(see(startCheckIn, face(1, { decision: 'candidate' })), { step: 'staff' });
  let state: CheckIn = startCheckIn;
  for (let i = 0; i < 20; i++) state = see(state, face(1, { decision: 'unknown' }));
  t.strictSame(state, { step: 'staff' });
});

t.test('a bystander behind does not decide the check-in', async (t) => {
  const near = face(1, { box: { x: 0, y: 0, width: 300, height: 400 } });
  const far = face(2, { decision: 'known', greeting: '别人', box: { x: 0, y: 0, width: 60, height: 80 } });
  t.equal(afterFrontDeskResult(startCheckIn, result(far, near), 0).step, 'looking');
});

t.test('five seconds without any face are said, and forgotten with the first one', async (t) => {
  let state = afterResult(emptyLookUp, result(), 1000);
  t.equal(afterResult(state, result(), 5999).hint, 'nobody', 'the iPad is still being aimed');
  state = afterResult(state, result(), 6000);
  t.equal(state.hint, 'no_face');
  t.equal(afterResult(state, result(), 60_000).hint, 'no_face');
  state = afterResult(state, result(face(1)), 7000);
  t.equal(state.hint, 'wait');
  t.equal(afterResult(state, result(), 7100).hint, 'nobody', 'counted anew');
  const known = afterResult(emptyLookUp, result(face(1, { decision: 'known', person: person('a') })), 0);
  const left = afterResult(afterResult(known, result(), 1000), result(), 6000);
  t.match(left, { focus: { person: { customerId: 'a' } }, hint: 'no_face' }, 'a name stays its time meanwhile');

  const sightAt = (desk: CheckIn) => (desk.step === 'looking' ? desk.sight : desk.step);
  let desk = afterFrontDeskResult(startCheckIn, result(), 0);
  t.equal(sightAt(afterFrontDeskResult(desk, result(), 4999)), 'none');
  desk = afterFrontDeskResult(desk, result(), 5000);
  t.equal(sightAt(desk), 'lost');
  t.equal(sightAt(afterFrontDeskResult(desk, result(face(1)), 5100)), 'face');
});

t.test('terms end on a real day and within the longest term', async (t) => {
  t.equal(addMonths('2027-11-30', 3), '2028-02-29');
  t.strictSame(termChoices('2026-05-01', 366).map((term) => term.validUntil), ['2026-08-01', '2026-11-01', '2027-05-01']);
  t.strictSame(termChoices('2026-05-01', 30).map((term) => term.validUntil), ['2026-05-31']);
});

t.test('a signature is sent in the form of the contract, thinned but whole', async (t) => {
  const points = Array.from({ length: 5000 }, (_, i) => ({ x: i / 10, y: 3.14159, time: 1_000_000 + i }));
  const signature = toSignature([{ points }], 600, 200);
  t.equal(signature.strokes[0]!.length, 2000);
  t.strictSame(signature.strokes[0]![0], { x: 0, y: 3.1, t: 0 });
  t.strictSame(signature.strokes[0]!.at(-1), { x: 499.9, y: 3.1, t: 4999 });
});
