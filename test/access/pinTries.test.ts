/** Guessing PINs: on one device, on all devices, over everybody; and whom that may not lock out. */
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { PIN_LOCK_MAX_MS, PIN_LOCK_MS, PinTries, standing, WRONG_PINS_MAX, WRONG_PINS_MAX_TOGETHER } from '../../appliance/access/pinTries.js';
import { PorticoError } from '../../appliance/kit/index.js';
import { openStorage } from '../../appliance/storage/index.js';
import { temporaryDirectory, TestClock } from '../support/scratch.js';

const DAY_MS = 86_400_000;

/** Staff s0.. and devices d0.. on a real file, and what a try answers: `triesLeft` after a wrong PIN, or the lock. */
function open(t: Test) {
  const clock = new TestClock();
  const storage = openStorage({ dataDirectory: temporaryDirectory(t), credentialsDirectory: null, maxBytes: null, clock });
  t.teardown(() => storage.close());
  const { db } = storage;
  db.pragma('synchronous = OFF'); // thousands of tries; no power cut is looked at here
  for (let i = 0; i < 12; i += 1) {
    db.run('INSERT INTO staff (id, name, role, pin_hash, created_at_ms) VALUES (?, ?, ?, ?, 0)', `s${i}`, `店员${i}`, 'associate', 'x');
    db.run('INSERT INTO device (id, name, token_hash, paired_at_ms) VALUES (?, ?, ?, 0)', `d${i}`, 'iPad', Buffer.from([i]));
  }
  const tries = new PinTries({ db, clock });
  const wrong = (staffId: string, deviceId: string): number | string => {
    try {
      return db.transaction(() => tries.count(staffId, deviceId).triesLeft);
    } catch (error) {
      if (error instanceof PorticoError && error.code === 'pin_locked') return String(error.details!['lock']);
      throw error;
    }
  };
  return { clock, tries, wrong };
}

t.test('five on one device, then a lock that doubles up to an hour', async (t) => {
  const { clock, wrong } = open(t);
  for (const lockMs of [1, 2, 4, 8, 12, 12].map((times) => times * PIN_LOCK_MS)) {
    t.strictSame([1, 2, 3, 4, 5].map(() => wrong('s0', 'd0')), [4, 3, 2, 1, 5]);
    clock.move(lockMs - 1);
    t.equal(wrong('s0', 'd0'), 'here');
    clock.move(1);
  }
  clock.move(DAY_MS);
  t.equal(wrong('s0', 'd0'), 4, 'forgotten after a day');
});

t.test('trying everybody on one device locks the device', async (t) => {
  const { clock, wrong } = open(t);
  for (let i = 0; i < WRONG_PINS_MAX_TOGETHER; i += 1) t.type(wrong(`s${i}`, 'd0'), 'number');
  t.equal(wrong('s11', 'd0'), 'device', 'also for whom nobody tried');
  t.equal(wrong('s11', 'd1'), 4, 'other devices work');
  clock.move(PIN_LOCK_MS);
  t.equal(wrong('s11', 'd0'), 4);
});

t.test('pairing more devices adds nothing for a person; where they are known they get in', async (t) => {
  const { clock, tries, wrong } = open(t);
  tries.nowKnown('s0', 'd0');
  let guesses = 0;
  for (let i = 0; i < 24 * 12; i += 1, clock.move(PIN_LOCK_MS)) { // no lock is shorter
    for (let device = 1; device < 5; device += 1) if (typeof wrong('s0', `d${device}`) === 'number') guesses += 1;
  }
  t.ok(guesses > 100 && guesses < 280, `${guesses} guesses on four devices in a day`);
  while (typeof wrong('s0', 'd11') === 'number');
  t.equal(wrong('s0', 'd10'), 'elsewhere');
  t.equal(wrong('s0', 'd0'), 4, 'on their own iPad they type as if nothing were');
  t.equal(wrong('s1', 'd0'), 4, 'nobody else is locked');
  tries.forgiveEverywhere('s0');
  t.equal(wrong('s0', 'd11'), 4, 'the manager set a new PIN');
});

t.test('the right PIN takes back one\'s own slips only', async (t) => {
  const { tries, wrong } = open(t);
  for (let i = 0; i < 4; i += 1) wrong('s0', 'd0');
  for (let i = 0; i < 4; i += 1) wrong('s1', 'd0');
  tries.forgive('s1', 'd0');
  t.equal(wrong('s0', 'd0'), 5, 'the fifth of the other locks');
  t.equal(wrong('s0', 'd0'), 'here');
  for (let i = 0; i < 4; i += 1) wrong('s1', 'd0');
  wrong('s2', 'd0');
  t.equal(wrong('s1', 'd0'), 'device', 'an associate guessing a colleague\'s cannot wash it off by signing in');
});

t.test('a clock set back ends locks and begins anew', async (t) => {
  const { clock, wrong } = open(t);
  for (let i = 0; i < 5; i += 1) wrong('s0', 'd0');
  clock.move(-60_000);
  t.strictSame([1, 2, 3, 4, 5, 6].map(() => wrong('s0', 'd0')), [4, 3, 2, 1, 5, 'here']);
});

t.test('whatever was tried: no lock is longer than an hour, and there is one from the first full count on', async () => {
  const times = fc.array(fc.integer({ min: 0, max: DAY_MS }), { maxLength: 80 }).map((list) => list.sort((a, b) => a - b));
  fc.assert(fc.property(times, fc.constantFrom(WRONG_PINS_MAX, WRONG_PINS_MAX_TOGETHER), (wrong, max) => {
    const last = wrong.at(-1) ?? 0;
    const { triesLeft, lockedUntilMs } = standing(wrong, max, last);
    return triesLeft >= 1 && triesLeft <= max && lockedUntilMs <= last + PIN_LOCK_MAX_MS
      && (wrong.length >= max || lockedUntilMs === 0) && (wrong.length === 0 || wrong.length % max !== 0 || lockedUntilMs >= last + PIN_LOCK_MS);
  }));
});
