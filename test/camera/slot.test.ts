import fc from 'fast-check';
import t from 'tap';
import { FrameSlot, type Frame } from '../../appliance/camera/index.js';

/** A slot whose work is finished by hand. */
function slotByHand() {
  const started: number[] = [];
  const done: string[] = [];
  const dropped: number[] = [];
  const open: { frame: Frame; finish: (result: string) => void }[] = [];
  const slot = new FrameSlot<string>({
    work: (frame) => {
      started.push(frame.number);
      return new Promise((resolve) => open.push({ frame, finish: resolve }));
    },
    done: (frame, result) => done.push(`${frame.number}:${result}`),
    dropped: (frame) => dropped.push(frame.number),
  });
  const offer = () => slot.offer(new Uint8Array([1]), 0);
  const finish = async (result = 'ok') => {
    open.shift()!.finish(result);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { slot, started, done, dropped, open, offer, finish };
}

t.test('one is worked on, one waits, a newer one takes its place', async (t) => {
  const { slot, started, done, dropped, offer, finish } = slotByHand();
  t.equal(slot.credits, 2);
  t.equal(offer(), true);
  t.equal(slot.credits, 1);
  t.equal(offer(), true);
  t.equal(slot.credits, 0);
  t.equal(offer(), false, 'without credit');
  t.equal(offer(), false);
  t.strictSame(started, [1], 'one at a time');
  t.strictSame(dropped, [2, 3]);
  await finish();
  t.strictSame(started, [1, 4], 'the newest is next');
  t.strictSame(done, ['1:ok']);
  t.equal(slot.credits, 1);
  await finish();
  t.strictSame(done, ['1:ok', '4:ok']);
  t.equal(slot.credits, 2);
  t.equal(slot.seen, 4);
  t.equal(slot.dropped, 2);
});

t.test('a result that comes after the end does nothing, and nothing new begins', async (t) => {
  const { slot, started, done, dropped, offer, finish } = slotByHand();
  offer();
  offer();
  slot.close();
  await finish('late');
  t.strictSame(done, []);
  t.strictSame(started, [1]);
  offer();
  t.strictSame(started, [1]);
  t.strictSame(dropped, []);
  t.equal(slot.seen, 2);
});

t.test('whatever comes in whatever order: every frame is answered once, in order, never more than two are held', async (t) => {
  await fc.assert(fc.asyncProperty(fc.array(fc.constantFrom('offer', 'finish'), { maxLength: 60 }), async (steps) => {
    const { slot, started, done, dropped, open, offer, finish } = slotByHand();
    for (const step of steps) {
      if (step === 'offer') offer();
      else if (open.length > 0) await finish();
      t.ok(open.length <= 1);
      t.equal(slot.credits, 2 - (slot.seen - done.length - dropped.length));
    }
    while (open.length > 0) await finish();
    t.equal(done.length + dropped.length, slot.seen);
    t.strictSame(started, [...started].sort((a, b) => a - b));
    t.equal(new Set([...dropped, ...started]).size, slot.seen);
    if (slot.seen > 0) t.equal(started.at(-1), slot.seen, 'the newest is always looked at');
  }), { numRuns: 60 });
});
