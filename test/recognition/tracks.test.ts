/** Who is who from frame to frame: pure functions, embeddings made by hand. */
import fc from 'fast-check';
import t from 'tap';
import { Embedding } from '../../appliance/kit/index.js';
import type { MatchDecision } from '../../appliance/gallery/index.js';
import { judgePose, POSE_PATIENCE_MS } from '../../appliance/recognition/poses.js';
import {
  addGoodFrame, forgetTrack, FUSED_FRAMES_MAX, identify, isSettled, lookLift, mustTakeBack, newTrack, ONE_FRAME_LEAD, UNDECIDED, unsettle, type Track,
} from '../../appliance/recognition/track.js';
import { associate as associateWith, type Trackable, type TrackableFace } from '../../appliance/recognition/tracker.js';

/** As of the first pack. */
const LIKENESS = { samePlace: 0.432, samePerson: 0.507 };
const associate = (tracks: readonly Trackable[], faces: readonly TrackableFace[]) => associateWith(tracks, faces, LIKENESS);

/** A direction of 8 numbers; different `axis`: strangers. `tilt` leans it towards another axis. */
function looks(axis: number, tilt = 0, towards = (axis + 1) % 8): Embedding {
  const values = new Array<number>(8).fill(0);
  values[axis] = Math.cos(tilt);
  values[towards] = Math.sin(tilt);
  return new Embedding(values);
}
/** Two faces with this cosine similarity. */
const alike = (similarity: number) => Math.acos(similarity);
const box = (x: number, y = 100, size = 100) => ({ x, y, width: size, height: size });
const track = (id: number, x: number, appearance: Embedding | null): Trackable => ({ id, box: box(x), lastSeenMs: 0, appearance });
const face = (x: number, embedding: Embedding, readable = true): TrackableFace => ({ box: box(x), embedding, readable });

t.test('a face that hardly moved continues its track', async (t) => {
  t.strictSame(associate([track(7, 100, looks(0))], [face(110, looks(0, 0.3))]), [7]);
});

t.test('the place in the list means nothing', async (t) => {
  const tracks = [track(1, 100, looks(0)), track(2, 400, looks(2))];
  t.strictSame(associate(tracks, [face(400, looks(2)), face(100, looks(0))]), [2, 1]);
  t.strictSame(associate([...tracks].reverse(), [face(400, looks(2)), face(100, looks(0))]), [2, 1]);
});

t.test('people who changed places keep their own tracks', async (t) => {
  t.strictSame(associate([track(1, 100, looks(0)), track(2, 400, looks(2))], [face(100, looks(2)), face(400, looks(0))]), [2, 1]);
});

t.test('people a little alike who changed places keep their own tracks, too', async (t) => {
  // Strangers reach a similarity of .3 now and then, siblings more; each is still most like himself.
  for (const similarity of [0.25, 0.35, 0.45]) {
    const one = looks(0);
    const other = looks(0, alike(similarity));
    t.strictSame(associate([track(1, 100, one), track(2, 400, other)], [face(100, other), face(400, one)]), [2, 1], `similarity ${similarity}`);
  }
});

t.test('a stranger who takes the place of somebody gets a track of his own', async (t) => {
  for (const similarity of [0, 0.1, 0.2, 0.3]) {
    t.strictSame(associate([track(1, 100, looks(0))], [face(100, looks(0, alike(similarity)))]), [null], `similarity ${similarity}`);
  }
});

t.test('somebody who moved far is still the same person', async (t) => {
  t.strictSame(associate([track(1, 100, looks(0))], [face(900, looks(0, 0.5))]), [1]);
});

t.test('a face that cannot be read is followed by its place alone', async (t) => {
  t.strictSame(associate([track(1, 100, looks(0))], [face(110, looks(3), false)]), [1]);
  t.strictSame(associate([track(1, 100, looks(0))], [face(600, looks(0), false)]), [null]);
  t.strictSame(associate([track(1, 100, null)], [face(110, looks(3))]), [1]);
});

t.test('no track goes to two faces and no face is lost, whatever comes', async (t) => {
  const someFace = fc.record({ x: fc.integer({ min: 0, max: 600 }), axis: fc.integer({ min: 0, max: 7 }), tilt: fc.double({ min: 0, max: 1.5, noNaN: true }), readable: fc.boolean() });
  fc.assert(fc.property(fc.array(someFace, { maxLength: 8 }), fc.array(someFace, { maxLength: 8 }), (before, now) => {
    const tracks = before.map((each, index) => track(index + 1, each.x, each.readable ? looks(each.axis, each.tilt) : null));
    const result = associate(tracks, now.map((each) => face(each.x, looks(each.axis, each.tilt), each.readable)));
    t.equal(result.length, now.length);
    const given = result.filter((id) => id !== null);
    t.equal(new Set(given).size, given.length);
    t.ok(given.every((id) => tracks.some((each) => each.id === id)));
  }), { numRuns: 200 });
});

const match = (decision: MatchDecision['decision'], score: number | null): MatchDecision => ({
  decision, customerId: score === null ? null : 'c', score, margin: null, thresholds: { known: 0.45, candidate: 0.35 },
  nearest: score === null ? null : { customerId: 'c', score },
});

t.test('one frame alone decides only what is clear', async (t) => {
  const after = (goodFrames: number) => ({ goodFrames, corrected: false, opened: null });
  t.match(identify(match('known', 0.45 + ONE_FRAME_LEAD), after(1)), { decision: 'known', customerId: 'c' });
  t.match(identify(match('known', 0.4799), after(1)), { decision: 'undecided', customerId: null, score: 0.4799 });
  t.match(identify(match('known', 0.46), after(2)), { decision: 'known', customerId: 'c' });
  t.match(identify(match('candidate', 0.4), after(1)), { decision: 'undecided', customerId: null });
  t.match(identify(match('candidate', 0.4), after(2)), { decision: 'candidate', customerId: 'c' });
  for (const frames of [1, 2, 3]) t.match(identify(match('unknown', 0.2), after(frames)), { decision: 'unknown', customerId: null });
  t.match(identify(match('unknown', null), after(1)), { decision: 'unknown', score: null });
});

t.test('the newest three good frames are fused', async (t) => {
  const one = newTrack(1, box(0), 0, 1);
  t.equal(one.appearance, null);
  for (const axis of [0, 1, 2, 3]) addGoodFrame(one, looks(axis));
  t.equal(one.good.length, FUSED_FRAMES_MAX);
  t.ok(Math.abs(one.appearance!.similarity(looks(0))) < 1e-6, 'the oldest is out');
  for (const axis of [1, 2, 3]) t.ok(Math.abs(one.appearance!.similarity(looks(axis)) - 1 / Math.sqrt(3)) < 1e-6);
});

t.test('the more the looks differ, the more is asked of their mean', async (t) => {
  const liftOf = (...good: Embedding[]) => lookLift({ good, appearance: Embedding.mean(good) });
  t.equal(lookLift({ good: [], appearance: null }), 0);
  t.ok(liftOf(looks(0)) < 1e-6 && liftOf(looks(0), looks(0)) < 1e-6, 'one look, seen twice');
  const unlike = liftOf(looks(0), looks(0, alike(0.7)));
  t.ok(Math.abs(unlike - 0.2 * (1 - Math.sqrt(0.85))) < 1e-6, 'two looks of cosine .7: |mean| is the root of .85');
  t.ok(liftOf(looks(0), looks(0, alike(0.95))) < unlike);
  t.equal(liftOf(looks(0), looks(2), looks(4)), 0.03, 'never more than this');
});

t.test('a forgotten track knows nothing any more', async (t) => {
  const one = newTrack(1, box(0), 0, 1);
  addGoodFrame(one, looks(0));
  one.identity = identify(match('known', 0.9), one);
  one.sightingId = 's';
  forgetTrack(one);
  t.strictSame({ good: one.good, appearance: one.appearance, identity: one.identity, sightingId: one.sightingId },
    { good: [], appearance: null, identity: UNDECIDED, sightingId: null });
});

t.test('a decided track is followed by its place for four frames, then read again', async (t) => {
  const one = newTrack(1, box(0), 0, 1);
  one.glance = looks(0);
  for (const frame of [1, 2, 3]) {
    t.notOk(isSettled(one, frame), `frame ${frame}: too few are fused`);
    addGoodFrame(one, looks(0));
    one.identity = identify(match('known', 0.9), one);
    one.lastFrame = frame;
  }
  for (let frame = 4; frame <= 7; frame++) {
    t.ok(isSettled(one, frame), `frame ${frame}`);
    t.notOk(isSettled(one, frame + 1), 'out of view for a frame: read again');
    one.lastFrame = frame;
    one.unreadFrames += 1;
  }
  t.notOk(isSettled(one, 8));
  one.unreadFrames = 0;
  for (const decision of ['candidate', 'undecided'] as const) t.notOk(isSettled({ ...one, identity: { ...one.identity, decision } }, 8), decision);
  t.ok(isSettled({ ...one, identity: { ...one.identity, decision: 'unknown' } }, 8), 'a stranger is not read again and again either');
  t.notOk(isSettled({ ...one, glance: null }, 8), 'a plain surface cannot be followed');
  unsettle(one);
  t.notOk(isSettled(one, 8), 'staff spoke');
});

t.test('an early wrong name is taken back by what later frames say', async (t) => {
  const opened = { visitId: 'v', customerId: 'a', atMs: 1_000 };
  const seen = (decision: 'known' | 'candidate' | 'unknown' | 'undecided', customerId: string | null, goodFrames: number, fusionJudged = false): Pick<Track, 'opened' | 'identity' | 'goodFrames' | 'fusionJudged'> =>
    ({ opened, goodFrames, fusionJudged, identity: { decision, customerId, score: null, margin: null } });
  t.ok(mustTakeBack(seen('known', 'b', 2), 2_000));
  t.ok(mustTakeBack(seen('known', 'b', 9), 30_999), 'another clear name, at any time');
  t.notOk(mustTakeBack(seen('known', 'b', 9), 31_001), 'after half a minute it is for staff to say');
  t.notOk(mustTakeBack(seen('known', 'a', 3), 2_000));
  t.notOk(mustTakeBack(seen('candidate', 'a', 3), 2_000), 'less sure of the same');
  t.ok(mustTakeBack(seen('unknown', null, 3), 2_000), 'the first three together are nobody');
  t.ok(mustTakeBack(seen('candidate', 'b', 3), 2_000));
  t.ok(mustTakeBack(seen('unknown', null, 4), 2_000), 'and again, when that could not be written');
  t.notOk(mustTakeBack(seen('unknown', null, 4, true), 2_000), 'later frames may just be worse');
  t.ok(mustTakeBack(seen('known', 'b', 9, true), 2_000));
  t.notOk(mustTakeBack(seen('unknown', null, 2), 2_000));
  t.notOk(mustTakeBack(seen('undecided', null, 3), 2_000));
  t.notOk(mustTakeBack({ ...seen('known', 'b', 3), opened: null }, 2_000), 'nothing was opened by it');
  t.match(identify(match('known', 0.9), { goodFrames: 3, corrected: true, opened: null }), { decision: 'candidate', customerId: 'c' }, 'from then on it asks');
  t.match(identify(match('known', 0.9), { goodFrames: 3, corrected: true, opened: { ...opened, customerId: 'c' } }), { decision: 'known' }, 'but for whom it was corrected to');
});

t.test('poses: which turn is taken, what is said to the others', async (t) => {
  t.strictSame(judgePose('front', 12, 0), { take: true });
  t.strictSame(judgePose('front', -13, 0), { take: false, hint: 'look_straight' });
  t.strictSame(judgePose('left', 10, 0), { take: true });
  t.strictSame(judgePose('left', 9, 0), { take: false, hint: 'turn_left' });
  t.strictSame(judgePose('left', 31, 0), { take: false, hint: 'turn_left' });
  t.strictSame(judgePose('left', -20, 0), { take: false, hint: 'turn_left' }, 'the wrong way');
  t.strictSame(judgePose('right', -10, 0), { take: true });
  t.strictSame(judgePose('right', 20, 0), { take: false, hint: 'turn_right' });
  fc.assert(fc.property(fc.constantFrom('front' as const, 'left' as const, 'right' as const), fc.double({ min: -60, max: 60, noNaN: true }), (pose, yaw) => {
    t.strictSame(judgePose(pose, yaw, POSE_PATIENCE_MS), { take: true }, 'nobody is kept waiting for ever');
    const mirrored = { front: 'front', left: 'right', right: 'left' } as const;
    t.equal(judgePose(pose, yaw, 0).take, judgePose(mirrored[pose], -yaw, 0).take, 'left and right are the same in a mirror');
  }));
});
