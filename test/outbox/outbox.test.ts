/** The queue of what was written and the box has not confirmed: nothing lost, nothing sent twice with another content, in order. */
import fc from 'fast-check';
import t from 'tap';
import type { PageErrorCode } from '../../webui/src/api/errorCodes.js';
import { ageMs, editsOf, same, type Edits, type Entry, type Work } from '../../webui/src/outbox/entry.js';
import { changeOf, fieldsOf, formOf, NO_FIELDS } from '../../webui/src/dossier/edit.js';
import { followed } from '../../webui/src/outbox/follow.js';
import { clocksNow, isOver } from '../../webui/src/outbox/keeping.js';
import * as queue from '../../webui/src/outbox/outbox.js';
import { formText } from '../../webui/src/outbox/words.js';

const typed = { atMs: 0, steadyMs: 0, life: 'a' };
let ids = 0;
const newId = (): string => `id${++ids}`;
const entry = (customerId: string, work: Work, id = newId()): queue.NewEntry => ({ id, staffId: 's', customerId, customerName: customerId, work, typed });
const note = (customerId: string, text: string): queue.NewEntry => entry(customerId, { kind: 'note', text });
const change = (customerId: string, fields: Record<string, unknown>, base: Record<string, unknown>): queue.NewEntry => entry(customerId, { kind: 'customer', edits: editsOf(fields, base) });
const filled = (...written: queue.NewEntry[]): queue.Outbox => written.reduce((box, one) => queue.add(box, one)!, queue.emptyOutbox);
const refuse = (box: queue.Outbox, id: string, code: PageErrorCode, details = {}): queue.Outbox => queue.answered(box, id, { ok: false, code, details }, 0, 0.5, newId());
const editsIn = (box: queue.Outbox, index = 0): Edits => (box.entries[index]!.work as { edits: Edits }).edits;
const sending = (box: queue.Outbox, id: string): queue.Outbox => queue.begin(box, id);

t.test('one request at a time for a customer, in order; another customer does not wait for it', async (t) => {
  const [a1, a2, b1] = [note('a', '1'), note('a', '2'), note('b', '3')];
  let box = filled(a1, a2, b1);
  t.equal(queue.nextDue(box, 0)!.entry.id, a1.id);
  box = sending(box, a1.id);
  t.equal(queue.nextDue(box, 0)!.entry.id, b1.id);
  box = refuse(box, a1.id, 'storage_busy');
  const due = queue.nextDue(sending(box, b1.id), 0)!;
  t.equal(due.entry.id, a1.id, 'not a2');
  t.ok(due.waitMs > 0, 'later');
});

t.test('what the network failed is tried again, each time later, and at once when the box is back', async (t) => {
  const one = note('a', '1');
  let box = filled(one);
  const waits = [1, 2, 3, 8, 30].map((failures) => {
    for (box = { ...box, failures: failures - 1 }; ;) {
      box = refuse(sending(box, one.id), one.id, 'network');
      return queue.nextDue(box, 0)!.waitMs;
    }
  });
  t.strictSame(waits, [...waits].sort((a, b) => a - b));
  t.ok(waits[0]! >= 250 && waits.at(-1)! <= 15_000, waits.join());
  t.equal(queue.nextDue(queue.wake(box), 0)!.waitMs, 0);
  t.equal(queue.nextDue(refuse(sending(queue.wake(box), one.id), one.id, 'session_locked'), 1e15), null, 'until somebody has signed in');
});

t.test('what the box does not take is kept with its reason until the person decides', async (t) => {
  for (const code of ['customer_not_found', 'not_allowed', 'customer_restricted', 'preferences_not_agreed', 'contact_not_agreed', 'bad_request', 'id_taken'] as const) {
    const one = note('a', '1');
    const box = refuse(sending(filled(one, note('a', '2')), one.id), one.id, code);
    t.match(box.entries[0], { id: one.id, state: 'refused', problem: code });
    t.equal(queue.nextDue(box, 0)!.entry.work.kind === 'note' && queue.nextDue(box, 0)!.entry.order, 2, 'the next one goes on');
    const again = queue.again(box, one.id, 'other').entries[0]!;
    t.match(again, { id: code === 'id_taken' ? 'other' : one.id, state: 'waiting', problem: null });
    t.equal(queue.discard(box, one.id).entries.length, 1);
    t.strictSame(queue.putBack(queue.discard(box, one.id), box.entries[0]!), box, 'undone');
  }
  const phone = change('a', { phone: '13800138000' }, { phone: null });
  const refused = refuse(sending(filled(phone), phone.id), phone.id, 'phone_taken');
  t.match(queue.again(refused, phone.id, 'n', true).entries[0], { id: 'n', work: { sharedPhone: true } });
  t.match(queue.asNote(refused, phone.id, 'n', 'words').entries[0], { id: 'n', state: 'waiting', work: { kind: 'note', text: 'words' } });
});

t.test('of several own fields only the one that was removed is refused', async (t) => {
  const one = entry('a', { kind: 'fields', names: { f: 'F' }, edits: { f: { base: null, mine: { yes: true } }, g: { base: null, mine: { yes: false } } } });
  const box = refuse(sending(filled(one), one.id), one.id, 'field_gone', { fieldId: 'f' });
  t.strictSame(box.entries.map(({ state, work }) => [state, Object.keys((work as { edits: Edits }).edits)]), [['refused', ['f']], ['waiting', ['g']]]);
  t.not(box.entries[1]!.id, one.id);
});

t.test('a preference that nobody agreed to is refused alone, and does not become a note instead', async (t) => {
  const one = change('a', { likes: ['x'], phone: '1' }, { likes: [], phone: null });
  const box = refuse(sending(filled(one), one.id), one.id, 'preferences_not_agreed');
  t.strictSame(box.entries.map((each) => [each.state, Object.keys((each.work as { edits: Edits }).edits)]), [['refused', ['likes']], ['waiting', ['phone']]]);
  t.notOk(queue.mayBeNote(box.entries[0]!));
  t.strictSame(queue.asNote(box, one.id, 'n', 'words'), box);
  t.equal(queue.answered(sending(filled(one), one.id), one.id, { ok: false, code: 'preferences_not_agreed', details: {} }, 0, 0, null).entries.length, 1, 'who stands before it has it back whole');
});

t.test('what was written for a dossier that was merged goes to the one that stayed', async (t) => {
  const one = note('a', '1');
  const box = refuse(sending(filled(one, note('a', '2'), note('c', '3')), one.id), one.id, 'customer_merged', { into: 'b' });
  t.strictSame(box.entries.map(({ customerId, state }) => [customerId, state]), [['b', 'waiting'], ['b', 'waiting'], ['c', 'waiting']]);
});

t.test('two changes that wait are one: what stood there first, what was written last', async (t) => {
  const box = filled(change('a', { phone: '1', tier: 'x' }, { phone: '0', tier: null }), change('a', { phone: '2' }, { phone: '0' }));
  t.equal(box.entries.length, 1);
  t.strictSame(editsIn(box), { phone: { base: '0', mine: '2' }, tier: { base: null, mine: 'x' } });
  t.equal(queue.add(box, change('a', { phone: '0', tier: null }, { phone: '2', tier: 'x' }))!.entries.length, 0, 'changed back');
  t.equal(filled(change('a', { phone: '1' }, {}), note('a', 'n'), change('a', { phone: '2' }, {})).entries.length, 3, 'nothing is sent before what was written before it');
});

t.test('what waits is taken back by typing what stood there before it, even once it was tried', async (t) => {
  const bare = { ...NO_FIELDS, displayName: 'A', salutation: 'before' };
  const edited = (box: queue.Outbox, wanted: Partial<typeof bare>): queue.Outbox => {
    const seen = fieldsOf(queue.overlaid(bare, box.entries, 'a')); // as the form begins
    const { base, ...fields } = changeOf(seen, { ...seen, ...wanted })!;
    return queue.add(box, change('a', fields, base))!;
  };
  const box = edited(queue.emptyOutbox, { salutation: 'typed', tier: 'x' });
  t.strictSame(editsIn(box).salutation, { base: 'before', mine: 'typed' });
  t.strictSame(editsIn(edited(box, { salutation: 'before' })), { tier: { base: null, mine: 'x' } });
  t.equal(edited(box, { salutation: 'before', tier: null }).entries.length, 0);
  t.strictSame(editsIn(edited(box, { phone: '1' })), { ...editsIn(box), phone: { base: null, mine: '1' } }, 'what else waits goes on waiting');
  const tried = refuse(sending(box, box.entries[0]!.id), box.entries[0]!.id, 'network');
  t.strictSame(editsIn(edited(tried, { salutation: 'before' }), 1), { salutation: { base: 'typed', mine: 'before' } });
});

t.test('one that was tried may have arrived: the next counts from it, and from what stood before if it is refused', async (t) => {
  const [one, two] = [change('a', { phone: '1' }, { phone: '0' }), change('a', { phone: '2' }, { phone: '0' })];
  const box = queue.add(refuse(sending(filled(one), one.id), one.id, 'network'), two)!;
  t.strictSame(editsIn(box, 1), { phone: { base: '1', mine: '2' } });
  t.strictSame(editsIn(refuse(sending(box, one.id), one.id, 'phone_taken'), 1), { phone: { base: '0', mine: '2' } });
});

t.test('of a conflict the rest is saved, and the person chooses', async (t) => {
  const one = change('a', { phone: '1', tier: 'x', email: 'e' }, { phone: '0', tier: null, email: null });
  const box = queue.conflicted(sending(filled(one), one.id), one.id, { phone: '9', tier: null, email: 'e' }, 0, 0, 'rest');
  t.match(box.entries, [{ id: one.id, state: 'conflict' }, { id: 'rest', state: 'waiting' }]);
  t.strictSame(editsIn(box, 0), { phone: { base: '0', mine: '1', theirs: '9' } });
  t.strictSame(editsIn(box, 1), { tier: { base: null, mine: 'x' } });
  t.strictSame(queue.keepTheirs(box, one.id, 'phone').entries.map(({ id }) => id), ['rest']);
  const mine = queue.keepMine({ ...box, entries: box.entries.slice(0, 1) }, one.id, 'phone', 'mine');
  t.match(mine.entries, [{ id: 'mine', state: 'waiting' }]);
  t.strictSame(editsIn(mine), { phone: { base: '9', mine: '1' } });
  const later = queue.add(sending(filled(one), one.id), change('a', { phone: '5' }, { phone: '1' }))!;
  t.equal(queue.conflicted(later, one.id, { phone: '9', tier: null, email: 'e' }, 0, 0, 'rest').entries.filter(({ state }) => state === 'conflict').length, 0,
    'written again meanwhile: that one stands against it, not this one as well');
  t.equal(queue.add(box, change('a', { phone: '5' }, { phone: '9' }))!.entries.filter(({ state }) => state === 'conflict').length, 0, 'written anew: the newest word counts');
});

t.test('a change that is refused while the person waits is as if it had never been: what it joined or took the place of is there again', async (t) => {
  const [b, c] = [change('a', { tier: 'b' }, { tier: null }), change('a', { phone: '1', tier: 'c' }, { phone: null, tier: 'b' })];
  const stuck = change('a', { phone: '0' }, { phone: null });
  const before = queue.add(refuse(sending(filled(stuck), stuck.id), stuck.id, 'phone_taken'), b)!;
  const after = queue.add(before, c)!;
  t.strictSame(after.entries.map(({ id }) => id), [c.id]);
  const back = queue.takeBack(refuse(sending(after, c.id), c.id, 'phone_taken'), c.id, queue.replaced(before, after));
  t.strictSame(back, before);
});

t.test('what can still be undone is kept, waits for its own time alone, and holds nothing else up', async (t) => {
  const [held, next] = [note('a', 'one tap'), note('a', 'typed')];
  let box = queue.wake(queue.add(queue.emptyOutbox, held, true)!);
  t.equal(queue.nextDue(box, 1e12), null);
  box = queue.add(box, next)!;
  t.equal(queue.nextDue(box, 0)!.entry.id, next.id);
  t.equal(queue.discard(box, held.id).entries.length, 1, 'undone');
  t.equal(queue.nextDue(queue.release(box, held.id), 0)!.entry.id, held.id);
  t.equal(queue.nextDue(queue.release(sending(box, next.id), held.id), 0), null, 'still one request at a time for a customer');
  t.equal(queue.nextDue(queue.restored(JSON.parse(JSON.stringify(box.entries)) as Entry[]), 0)!.entry.id, held.id, 'the page went away: nobody can undo it any more');
});

t.test('beyond the bound nothing is taken, and nothing is dropped for it', async (t) => {
  const box = filled(...Array.from({ length: queue.ENTRIES_MAX }, (_, i) => note(`c${i}`, 'x')));
  t.equal(queue.add(box, note('a', 'one more')), null);
  t.equal(box.entries.length, queue.ENTRIES_MAX);
  const one = change('b', { phone: '1' }, { phone: null });
  const full = queue.add({ ...box, entries: box.entries.slice(1) }, one)!;
  t.equal(queue.add(full, change('b', { phone: '2' }, { phone: '1' }))!.entries.length, queue.ENTRIES_MAX, 'what joins takes no place');
});

t.test('what waits is shown over what the box said', async (t) => {
  const box = filled(change('a', { phone: '1' }, { phone: '0' }), change('b', { phone: '2' }, {}));
  t.strictSame(queue.overlaid({ phone: '0', tier: null }, box.entries, 'a'), { phone: '1', tier: null });
});

t.test('own fields that wait are shown as they were typed, the newest word last, products by name', async (t) => {
  const own = (edits: Edits, names: Record<string, string> = {}) => ({ kind: 'fields', edits, names }) as const;
  const box = filled(
    entry('a', own({ ring: { base: null, mine: { number: 14 } } })), entry('a', own({ watch: { base: null, mine: { productId: 'p' } } }, { p: '月相' })),
    entry('a', own({ ring: { base: { number: 14 }, mine: null } })),
  );
  t.strictSame(queue.waitingFields(box.entries), { watch: { productId: 'p', productName: '月相' } }, 'what was taken back is as it stood');
  t.strictSame(queue.waitingFields(filled(entry('a', own({ ring: { base: { number: 1 }, mine: null } }))).entries), { ring: null });
  t.strictSame(queue.waitingFields(filled(change('a', { phone: '1' }, { phone: '0' })).entries), {});
});

t.test('a card shows how far the visit got and what is looked at, with what waits', async (t) => {
  const stage = (stage: 'attract' | 'complete', reached: boolean, visitId = 'v') => entry('a', { kind: 'stage', visitId, stage, reached });
  const look = (text: string, visitId = 'v') => entry('a', { kind: 'made', text, made: { what: 'look', visitId, request: { productId: text } } });
  const box = filled(stage('attract', false), stage('complete', true), stage('attract', true, 'other'), look('one'), look('two'), look('three', 'other'));
  const there = [{ stage: 'arrive' as const, at: 'x', by: null }, { stage: 'attract' as const, at: 'x', by: null }];
  t.strictSame(queue.stagesWith(there, box.entries, 'v').map((mark) => mark.stage), ['arrive', 'complete']);
  t.equal(queue.lookOf(box.entries, 'v'), 'two');
  const refused = refuse(sending(box, box.entries[0]!.id), box.entries[0]!.id, 'visit_closed');
  t.strictSame(queue.stagesWith(there, refused.entries, 'v').map((mark) => mark.stage), ['arrive', 'attract', 'complete']);
  t.equal(queue.lookOf(box.entries, 'nobody'), null);
});

t.test('drafts follow a merge: to a free place as they are, else as lines of the note', async (t) => {
  const form = { form: formOf({ ...NO_FIELDS, displayName: 'A', phone: '12', likes: ['x'] }), seen: { ...NO_FIELDS, displayName: 'A' } };
  const speech = { t: (key: string) => key, number: String, money: String, longDay: (day: string) => day };
  const drafts = new Map<string, unknown>([
    ['note a', 'mine '], ['note b', 'theirs'], ['follow-up a', { text: 'call', dueOn: '' }], ['follow-up b', { text: 'write', dueOn: '' }],
    ['ticket a', { subject: 'strap', detail: '', dueOn: '' }], ['dossier a', form], ['note other', 'stays'], ['note xa', 'stays'],
  ]);
  t.strictSame([...followed(drafts, 'a', 'b', (draft) => formText(draft, speech))], [
    ['note a', undefined], ['follow-up a', undefined], ['ticket a', undefined], ['ticket b', drafts.get('ticket a')], ['dossier a', undefined],
    ['note b', 'theirs\nmine\ncall\nperson.phone: 12\nperson.likes: x'],
  ]);
  t.equal(followed(drafts, 'c', 'b', () => '').size, 0);
});

t.test('what is over its time goes, but not because a clock jumped', async (t) => {
  const day = 86_400_000;
  const first = clocksNow(null, 100 * day, 50 * day);
  t.notOk(isOver(94 * day, first));
  t.ok(isOver(92 * day, first));
  const later = clocksNow(first, 110 * day, 60.5 * day);
  t.ok(isOver(102 * day, later), 'both went on alike');
  const jumped = clocksNow(later, 500 * day, 61 * day);
  t.notOk(isOver(109 * day, jumped), 'as if it were a year old');
  t.notOk(isOver(109 * day, clocksNow(jumped, 502 * day, 63 * day)), 'nor for the next who signs in');
  t.ok(isOver(109 * day, clocksNow(jumped, 507.5 * day, 68.5 * day)), 'but not for ever');
  t.ok(isOver(102 * day, clocksNow(later, 110 * day, 80 * day)), 'the iPad was ahead: the box is right as before');
});

t.test('how old something is: by the box\'s clock, at least as long as the page has lived, a week at most', async (t) => {
  const hour = 3_600_000;
  const at = (atMs: number, steadyMs: number, life = 'a') => ({ atMs, steadyMs, life });
  t.equal(ageMs(at(0, 0), at(hour, hour)), hour);
  t.equal(ageMs(at(0, 0), at(hour, 5)), hour, 'asleep: the steady clock stood still');
  t.equal(ageMs(at(hour, 0), at(0, hour)), hour, 'the clock went back');
  t.equal(ageMs(at(hour, 900), at(0, 0, 'b')), 0, 'another life of the page, and a clock that went back');
  t.equal(ageMs(at(0, 0), at(1e12, 0, 'b')), 7 * 24 * hour);
});

t.test('the same is what JSON says is the same', async () => fc.assert(fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
  const copy = JSON.parse(JSON.stringify(a)) as unknown;
  return same(a, copy) && (same(a, b) === same(b, a)) && (!same(a, b) || JSON.stringify(sorted(a)) === JSON.stringify(sorted(b)));
})));
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value === 0 ? 0 : value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, part]) => [key, sorted(part)]));
}

// ---- Any sequence of failures ----------------------------------------------------------------------------------

const CUSTOMERS = ['a', 'b'] as const;
const FIELDS = ['phone', 'tier'] as const;
type Step =
  | { do: 'note' | 'read'; c: string } | { do: 'edit' | 'colleague'; c: string; f: string } | { do: 'reload' | 'wake' } | { do: 'mine' | 'theirs' }
  | { do: 'send'; how: 'ok' | 'lost' | 'answer lost' | PageErrorCode };
const customer = fc.constantFrom(...CUSTOMERS);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('note' as const, 'read' as const), c: customer }),
  fc.record({ do: fc.constantFrom('edit' as const, 'edit' as const, 'colleague' as const), c: customer, f: fc.constantFrom(...FIELDS) }),
  fc.record({ do: fc.constantFrom('reload' as const, 'wake' as const) }),
  fc.record({ do: fc.constantFrom('mine' as const, 'theirs' as const) }),
  { weight: 4, arbitrary: fc.record({ do: fc.constant('send' as const), how: fc.constantFrom('ok', 'ok', 'ok', 'lost', 'answer lost', 'internal', 'session_expired', 'customer_restricted') as fc.Arbitrary<'ok'> }) },
);

/** A box that does what the contract says, and remembers all that it ever held. */
class ModelBox {
  readonly notes = new Map<string, { c: string; text: string }>();
  readonly now: Record<string, Record<string, unknown>> = Object.fromEntries(CUSTOMERS.map((c) => [c, { phone: null, tier: null }]));
  readonly ever = new Set<string>();

  take({ id, customerId: c, work }: Entry): PageErrorCode | null {
    if (work.kind === 'note') {
      const before = this.notes.get(id);
      if (before) return before.c === c && before.text === work.text ? null : 'id_taken';
      this.notes.set(id, { c, text: work.text });
    } else if (work.kind === 'customer') {
      const clash = Object.entries(work.edits).some(([f, { base, mine }]) => this.now[c]![f] !== base && this.now[c]![f] !== mine);
      if (clash) return 'edit_conflict';
      for (const [f, { mine }] of Object.entries(work.edits)) this.set(c, f, mine);
    }
    return null;
  }
  set(c: string, f: string, value: unknown): void {
    this.now[c]![f] = value;
    this.ever.add(`${c} ${f} ${String(value)}`);
  }
}

t.test('nothing is lost, nothing sent twice with another content, the order is kept', async () => fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
  const server = new ModelBox();
  let box = queue.emptyOutbox;
  const shown: Record<string, Record<string, unknown>> = structuredClone(server.now);
  const sent = new Map<string, string>();
  const noted: { c: string; text: string }[] = [];
  /** The person's last word for each field. */
  const wanted = new Map<string, { c: string; f: string; value: unknown }>();
  let words = 0;
  const alone = !steps.some((one) => one.do === 'colleague' || (one.do === 'send' && !['ok', 'lost', 'answer lost', 'internal', 'session_expired'].includes(one.how)));

  const sendNext = (how: string): boolean => {
    const due = queue.nextDue(box, Number.MAX_SAFE_INTEGER);
    if (!due) return false;
    const one = due.entry;
    const content = JSON.stringify([one.customerId, one.work]);
    if ((sent.get(one.id) ?? content) !== content) throw new Error(`${one.id} was sent as ${sent.get(one.id)} and as ${content}`);
    sent.set(one.id, content);
    box = queue.begin(box, one.id);
    const fault = how === 'ok' || how === 'answer lost' ? server.take(one) : null;
    const code = how === 'ok' ? fault : how === 'lost' || how === 'answer lost' ? 'network' : (how as PageErrorCode);
    if (code === 'edit_conflict') box = queue.conflicted(box, one.id, server.now[one.customerId]!, 0, 0, newId());
    else box = queue.answered(box, one.id, code ? { ok: false, code, details: {} } : { ok: true }, 0, 0, newId());
    if (!code) shown[one.customerId] = { ...server.now[one.customerId] }; // the page reads it anew
    return true;
  };

  for (const now of steps) {
    const conflict = box.entries.find(({ state }) => state === 'conflict');
    const field = conflict && Object.keys((conflict.work as { edits: Edits }).edits)[0]!;
    const value = `w${++words}`;
    switch (now.do) {
      case 'note': noted.push({ c: now.c, text: value }); box = queue.add(box, note(now.c, value))!; break;
      case 'edit': wanted.set(`${now.c} ${now.f}`, { c: now.c, f: now.f, value }); box = queue.add(box, change(now.c, { [now.f]: value }, shown[now.c]!))!; break;
      case 'colleague': server.set(now.c, now.f, value); break;
      case 'read': shown[now.c] = { ...server.now[now.c] }; break;
      case 'reload': box = queue.restored(JSON.parse(JSON.stringify(box.entries)) as Entry[]); break;
      case 'wake': box = queue.wake(box); break;
      case 'mine': if (conflict) box = queue.keepMine(box, conflict.id, field!, newId()); break;
      case 'theirs':
        if (!conflict) break;
        box = queue.keepTheirs(box, conflict.id, field!);
        wanted.delete(`${conflict.customerId} ${field}`);
        break;
      case 'send': sendNext(now.how); break;
    }
  }
  if (alone && box.entries.some(({ state }) => state === 'conflict')) throw new Error('a conflict with oneself');
  box = queue.wake(box);
  for (let turns = 0; sendNext('ok'); turns++) if (turns > 500) throw new Error('it never ends');

  if (box.entries.some(queue.open)) throw new Error('something waits for nothing');
  for (const { c, text } of noted) {
    const saved = [...server.notes.values()].filter((one) => one.c === c && one.text === text).length;
    const kept = box.entries.filter(({ work }) => work.kind === 'note' && work.text === text).length;
    if (saved > 1 || saved + kept === 0) throw new Error(`the note ${text}: ${saved} saved, ${kept} kept`);
  }
  for (const c of CUSTOMERS) {
    const saved = [...server.notes.values()].filter((one) => one.c === c).map(({ text }) => text);
    const written = noted.filter((one) => one.c === c && saved.includes(one.text)).map(({ text }) => text);
    if (saved.join() !== written.join()) throw new Error(`${saved.join()} instead of ${written.join()}`);
  }
  for (const { c, f, value } of wanted.values()) {
    const kept = box.entries.some(({ customerId, work }) => customerId === c && work.kind === 'customer' && work.edits[f]?.mine === value);
    if (!kept && !server.ever.has(`${c} ${f} ${String(value)}`)) throw new Error(`${c} ${f} ${String(value)} is nowhere`);
  }
}), { numRuns: 3_000 }));
