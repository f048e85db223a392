/** When the page covers itself, whom a PIN lock is about, and where passkeys are offered at all. */
import t from 'tap';
import { IdleWatch, msUntilLock } from '../../webui/src/access/idle.js';
import { isHostName } from '../../webui/src/access/passkeys.js';
import { lockOf, PIN_LOCKS } from '../../webui/src/access/pinLock.js';

/** Time that only moves when told; timers run on the way, or sleep with the iPad. */
function fakeClock() {
  let nowMs = 1_000_000;
  let timers: { atMs: number; work: () => void }[] = [];
  return {
    now: () => nowMs,
    after: (ms: number, work: () => void) => {
      const timer = { atMs: nowMs + ms, work };
      timers.push(timer);
      return () => void (timers = timers.filter((other) => other !== timer));
    },
    pass(ms: number) {
      const endMs = nowMs + ms;
      for (;;) {
        const next = timers.filter((timer) => timer.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
        if (!next) break;
        timers = timers.filter((timer) => timer !== next);
        nowMs = Math.max(nowMs, next.atMs);
        next.work();
      }
      nowMs = endMs;
    },
    sleep: (ms: number) => void (nowMs += ms),
    timers: () => timers.length,
  };
}

function watched(limitSeconds: number | null) {
  const clock = fakeClock();
  let locks = 0;
  const idle = new IdleWatch(clock, () => void locks++);
  idle.begin(limitSeconds);
  return { clock, idle, locks: () => locks };
}

t.test('a page that nobody touches is covered, once', async (t) => {
  const { clock, locks } = watched(600);
  clock.pass(599_999);
  t.equal(locks(), 0);
  clock.pass(1);
  t.equal(locks(), 1);
  clock.pass(3_600_000);
  t.equal(locks(), 1);
  t.equal(clock.timers(), 0, 'nothing goes on behind the lock');
});

t.test('each use begins the time anew', async (t) => {
  const { clock, idle, locks } = watched(600);
  for (let touch = 0; touch < 5; touch++) {
    clock.pass(400_000);
    idle.used();
  }
  t.equal(locks(), 0);
  clock.pass(600_000);
  t.equal(locks(), 1);
});

t.test('an iPad that slept too long is covered when it wakes, before anything is touched', async (t) => {
  const { clock, idle, locks } = watched(600);
  clock.sleep(600_000); // no timer ran
  t.equal(locks(), 0);
  idle.check();
  t.equal(locks(), 1);
});

t.test('at the front desk nothing is covered, and afterwards the time begins anew', async (t) => {
  const { clock, idle, locks } = watched(null);
  clock.pass(86_400_000);
  t.equal(locks(), 0);
  idle.begin(600);
  clock.pass(599_999);
  t.equal(locks(), 0);
  idle.begin(null);
  clock.pass(600_000);
  t.equal(locks(), 0);
});

t.test('a clock that is put back does not keep the page open for longer than the limit', async (t) => {
  t.equal(msUntilLock(5_000_000, 600_000, 1_000_000), 600_000);
  t.equal(msUntilLock(1_000_000, 600_000, 1_700_000), 0);
});

t.test('what the box says of a PIN lock is understood, and something sensible where it says nothing', async (t) => {
  for (const lock of PIN_LOCKS) t.strictSame(lockOf({ retryAfterSeconds: 45, lock }, 1000), { lock, untilMs: 46_000 });
  t.strictSame(lockOf({}, 1000), { lock: 'here', untilMs: 31_000 });
  t.strictSame(lockOf({ retryAfterSeconds: 'soon', lock: 'moon' }, 1000), { lock: 'here', untilMs: 31_000 });
});

t.test('passkeys are for names, not for addresses', async (t) => {
  for (const name of ['portico.local', 'localhost', 'box.store.example']) t.ok(isHostName(name), name);
  for (const address of ['192.168.1.20', '10.0.0.1', '[fe80::1]', '::1', '']) t.notOk(isHostName(address), address);
});
