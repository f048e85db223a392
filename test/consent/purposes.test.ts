/** What rests on a purpose that is no face: facts on `preferences`, open follow-ups on `contact`. Rooms on real encrypted files. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { LANGUAGES, type Purpose } from '../../appliance/contract/index.js';
import { afterwards, deleted, RESTED } from '../../appliance/papers/words.js';
import { DATABASE, decryptedPages } from '../support/disk.js';
import { openRooms, type TestRooms } from '../support/rooms.js';
import { temporaryDirectory, TestClock } from '../support/scratch.js';

const DAY_MS = 86_400_000;
const BY = { staffId: 's', deviceId: 'd' };
const FACT = '只喝明前的龙井，不加糖';
const PLAN = '新到的珐琅表先打电话告诉她';
const DONE = '表带已经寄出去了，单号给过';
const BOTH: Purpose[] = ['recognise', 'preferences', 'contact'];

type Rooms = TestRooms & { dataDirectory: string };
function start(t: Test, dataDirectory = temporaryDirectory(t), clock = new TestClock()): Rooms {
  return { ...openRooms(t, { dataDirectory, clock }), dataDirectory };
}
/** A customer about whom everything is written down. */
function known({ customers, followUps, grant }: Rooms, purposes: Purpose[] | null): string {
  const { id } = customers.create({ displayName: '顾客', facts: [FACT], doNot: ['不要打电话到家'] });
  customers.addNote(id, '试戴过', 's');
  followUps.add(id, { text: PLAN }, 's');
  followUps.complete(followUps.add(id, { text: DONE }, 's').id);
  if (purposes !== null) grant(id, purposes);
  return id;
}
function left({ customers, followUps }: Rooms, id: string) {
  return { facts: customers.byId(id).facts, followUps: followUps.of(id).map(({ text }) => text), next: followUps.nextOf(id)?.text ?? null };
}
const ALL = { facts: [FACT], followUps: [PLAN, DONE], next: PLAN };
const NO_FACTS = { ...ALL, facts: [] };
const NO_PLANS = { ...ALL, followUps: [DONE], next: null };
const NEITHER = { ...NO_PLANS, facts: [] };
const onDisk = ({ db, dataDirectory }: Rooms, text: string) => {
  db.truncateLog();
  return decryptedPages(dataDirectory).some((page) => page.includes(text));
};

for (const [purpose, without, gone, kept] of [['preferences', NO_FACTS, FACT, PLAN], ['contact', NO_PLANS, PLAN, FACT]] as const) {
  t.test(`C1: ${purpose}: what it allows, and what is gone when it is taken back alone`, async (t) => {
    const rooms = start(t);
    const { consent, customers, followUps } = rooms;
    const id = known(rooms, BOTH);
    const write = { preferences: () => customers.change(id, { facts: [...customers.byId(id).facts, '喜欢靠窗'] }), contact: () => followUps.add(id, { text: '回电' }, 's') };
    t.strictSame(left(rooms, id), ALL);
    t.ok(onDisk(rooms, gone), 'before: the walk through the disk finds it');
    const { deletion } = consent.withdraw(id, BY, [purpose]);
    t.match(deletion, { scope: 'purposes', reason: 'narrowed', purposes: [purpose], completedAt: String, templatesDeleted: 0 });
    t.strictSame(left(rooms, id), without);
    t.notOk(onDisk(rooms, gone), 'nor on the disk');
    t.ok(onDisk(rooms, kept));
    t.match(customers.byId(id), { doNot: ['不要打电话到家'] }, 'their own instructions stay');
    t.equal(customers.notes(id).length, 1, 'what was done for them too');

    t.throws(write[purpose], { code: `${purpose}_not_agreed` });
    for (const other of ['preferences', 'contact'] as const) if (other !== purpose) t.doesNotThrow(write[other], 'the other one is still agreed to');
    t.doesNotThrow(() => customers.change(id, { tier: '金卡', facts: customers.byId(id).facts.slice(1) }), 'taking out is always possible, and the rest of the dossier');
    rooms.grant(id, BOTH);
    t.doesNotThrow(write[purpose], 'agreed to again');
  });

  t.test(`C1: ${purpose}: the receipt says what went and what stays, and no more`, async (t) => {
    const rooms = start(t);
    const { deletion } = rooms.consent.withdraw(known(rooms, BOTH), BY, [purpose]);
    for (const language of LANGUAGES) {
      t.equal(deleted(language, deletion!), RESTED[language][purpose]);
      const { backups, kept } = afterwards(language, deletion!);
      t.match(backups.join(), language === 'en' ? /no key of their own: they stay in older backups/ : /没有专用密钥.*会留在旧备份里/);
      t.match(kept, language === 'en' ? /Do-not lines, notes, finished follow-ups and visits/ : /勿扰提示、备注、已完成的跟进和到店记录/);
    }
  });
}

t.test('C1, C7: who never agreed, refused or withdrew is served as before: facts and follow-ups rest on no consent then', async (t) => {
  const rooms = start(t);
  const { consent, customers, followUps } = rooms;
  const id = known(rooms, null);
  const write = () => {
    customers.change(id, { facts: [FACT] });
    return followUps.add(id, { text: PLAN }, 's');
  };
  consent.refuse(id, BY);
  t.doesNotThrow(write, 'refused');
  rooms.clock.move(3 * DAY_MS);
  rooms.grant(id, BOTH);
  consent.withdraw(id);
  t.strictSame(left(rooms, id), { facts: [], followUps: [DONE], next: null }, 'what rested on the consent is gone');
  t.doesNotThrow(write, 'and what is learnt from now on is learnt without one');
});

t.test('C1: however the purposes end, what rested on them ends; dossiers of one person that are merged keep theirs', async (t) => {
  const ends: Record<string, [expected: object, purposes: string | null, end: (rooms: Rooms, id: string) => unknown]> = {
    'with the whole consent': [NEITHER, null, ({ consent }, id) => consent.withdraw(id)],
    'run out': [NEITHER, null, ({ clock, consent }) => { clock.move(32 * DAY_MS); consent.expireDue(); }],
    'signed anew without them': [NEITHER, 'preferences contact', ({ grant }, id) => grant(id, ['recognise'])],
    'signed anew with one of them': [NO_PLANS, 'contact', ({ grant }, id) => grant(id, ['recognise', 'preferences'])],
    'signed anew with both': [ALL, null, ({ grant }, id) => grant(id, BOTH)],
    'merged into one without a consent': [ALL, null, ({ consent, customers }, id) => {
      const into = customers.create({ displayName: '同一个人' }).id;
      consent.endForMerge(id, (end) => customers.merge(id, into, 's', end));
      customers.undoMerge(customers.merges(into)[0]!.id);
    }],
    'merged into one whose consent leaves both out, by mistake': [ALL, null, (rooms, id) => {
      const { consent, customers, erasure, followUps, grant } = rooms;
      const into = customers.create({ displayName: '另一个人' }).id;
      grant(into, ['recognise']);
      consent.endForMerge(id, (end) => customers.merge(id, into, 's', end));
      t.strictSame(left(rooms, into), { facts: [], followUps: [DONE], next: null }, 'nothing shows that was not agreed to');
      t.match(customers.formerDossiers(into), [{ facts: [FACT] }], 'but the access copy has it');
      consent.prepare('店');
      t.strictSame(erasure.ofCustomer(into), [], 'nor does a start delete what is hidden');
      customers.undoMerge(customers.merges(into)[0]!.id);
      t.strictSame(followUps.of(into), []);
    }],
    'one without any consent, merged by mistake': [ALL, null, (rooms, id) => {
      const { consent, customers, grant } = rooms;
      consent.withdraw(id, BY, ['recognise']);
      customers.change(id, { facts: [FACT] });
      rooms.followUps.add(id, { text: PLAN }, 's');
      const into = customers.create({ displayName: '另一个人' }).id;
      grant(into, ['recognise']);
      consent.endForMerge(id, (end) => customers.merge(id, into, 's', end));
      t.strictSame(left(rooms, into), { facts: [], followUps: [DONE], next: null });
      customers.undoMerge(customers.merges(into)[0]!.id);
    }],
    'merged into one whose consent leaves both out, and taken back there': [NEITHER, 'preferences contact', ({ consent, customers, grant }, id) => {
      const into = customers.create({ displayName: '同一个人' }).id;
      grant(into, ['recognise', 'contact']);
      grant(into, ['recognise']);
      consent.endForMerge(id, (end) => customers.merge(id, into, 's', end));
      consent.withdraw(into);
      customers.undoMerge(customers.merges(into)[0]!.id);
    }],
    'merged, and taken back after that': [NEITHER, 'preferences contact', ({ consent, customers, grant }, id) => {
      const into = customers.create({ displayName: '同一个人' }).id;
      grant(into, BOTH);
      consent.endForMerge(id, (end) => customers.merge(id, into, 's', end));
      consent.withdraw(into);
      customers.undoMerge(customers.merges(into)[0]!.id);
    }],
  };
  for (const [how, [expected, purposes, end]] of Object.entries(ends)) {
    const rooms = start(t);
    const id = known(rooms, BOTH);
    end(rooms, id);
    t.strictSame(left(rooms, id), expected, how);
    const alone = rooms.erasure.ofCustomer(id).filter(({ scope }) => scope === 'purposes').map(({ purposes: ended }) => ended.join(' '));
    t.strictSame(alone, purposes === null ? [] : [purposes], `${how}: the record`);
    rooms.close();
  }

  // Before any consent: who signs and leaves a purpose out has not agreed to what was noted until then.
  const rooms = start(t);
  const id = known(rooms, ['recognise', 'contact']);
  t.strictSame(left(rooms, id), NO_FACTS);
  t.match(rooms.erasure.ofCustomer(id), [{ scope: 'purposes', reason: 'narrowed', purposes: ['preferences'], completedAt: String }]);
  const nothing = rooms.customers.create({ displayName: '什么都没记' }).id;
  rooms.grant(nothing, ['recognise']);
  t.strictSame(rooms.erasure.ofCustomer(nothing), [], 'nothing to delete, no record');
});

t.test('C1: a start deletes what an earlier version kept beside a consent that leaves it out', async (t) => {
  const rooms = start(t);
  const { consent, customers, db, erasure } = rooms;
  const [both, one, none, unsigned] = [['recognise'], ['recognise', 'contact'], BOTH, null].map((purposes) => known(rooms, purposes as Purpose[] | null));
  // As that version left them: signing deleted nothing.
  for (const id of [both!, one!]) {
    db.run(`INSERT INTO customer_line (customer_id, kind, position, text) VALUES (?, 'fact', 0, ?)`, id, FACT);
    db.run(`INSERT INTO follow_up (id, customer_id, text, author_id, at_ms) SELECT ?, ?, ?, 's', 0
      WHERE NOT EXISTS (SELECT 1 FROM follow_up WHERE customer_id = ? AND done_at_ms IS NULL)`, `late ${id}`, id, PLAN, id);
  }
  t.strictSame([left(rooms, both!), left(rooms, one!)], [ALL, ALL]);
  const before = [both!, one!].map((id) => erasure.ofCustomer(id).length);
  consent.restrictWith((id) => id === one);
  consent.prepare('店');
  t.strictSame([both!, one!, none!, unsigned!].map((id) => left(rooms, id)), [NEITHER, ALL, ALL, ALL], 'restricted: stored, and nothing else');
  consent.restrictWith(() => false);
  consent.prepare('店');
  consent.prepare('店');
  t.strictSame([both!, one!, none!, unsigned!].map((id) => left(rooms, id)), [NEITHER, NO_FACTS, ALL, ALL]);
  t.notOk([both!, one!].some((id) => customers.byId(id).facts.length > 0));
  t.strictSame([both!, one!].map((id) => erasure.ofCustomer(id).length), before.map((count) => count + 1), 'each has a record of its own, once');
  t.match(erasure.ofCustomer(one!).filter(({ purposes }) => purposes.join() === 'preferences').length, 2);
});

t.test('C1, C11: an older portico.db put back: gone again, in a dossier that was merged since too', async (t) => {
  const rooms = start(t);
  const { clock, consent, customers, dataDirectory } = rooms;
  const [alone, into] = [known(rooms, BOTH), known(rooms, BOTH)];
  const from = known(rooms, null);
  const later = known(rooms, BOTH);
  rooms.db.truncateLog();
  const backup = join(temporaryDirectory(t), DATABASE);
  copyFileSync(join(dataDirectory, DATABASE), backup);
  consent.withdraw(alone, BY, ['contact']);
  consent.endForMerge(from, (end) => customers.merge(from, into, 's', end));
  consent.withdraw(into, BY, ['preferences', 'contact']);
  clock.move(1_000);
  rooms.close();
  copyFileSync(backup, join(dataDirectory, DATABASE));
  const restored = start(t, dataDirectory, clock);
  t.strictSame(left(restored, alone), NO_PLANS);
  t.strictSame(left(restored, into), NEITHER);
  t.strictSame(left(restored, from), NEITHER, 'as if it had been merged');
  t.strictSame(left(restored, later), ALL);
  t.throws(() => restored.followUps.add(alone, { text: '回电' }, 's'), { code: 'contact_not_agreed' });
});
