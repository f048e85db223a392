/** The page's pure functions: what the board shows after which message, and when it comes back. */
import fc from 'fast-check';
import t from 'tap';
import type { BoxHealth, CandidateCard, LiveMessage, VisitCard } from '../../appliance/contract/index.js';
import { applyLiveMessage, correctionOf, emptyLiveState, openCandidates, withAnswer, type EndReason, type LiveState } from '../../webui/src/live/applyLiveMessage.js';
import { boardCards, wordsLeft, type BoardCard, type Hands } from '../../webui/src/live/boardCards.js';
import { backoffMs } from '../../webui/src/live/backoff.js';
import { newLink, nextLink, type LinkEvent } from '../../webui/src/live/connection.js';
import { liveUrl } from '../../webui/src/live/liveUrl.js';

const at = '2026-05-01T10:00:00.000Z';
const health: BoxHealth = {
  status: 'ok', problems: [], recognises: true, upSeconds: 1, cameras: 0, framesSeen: 0, framesDropped: 0, enrolledCustomers: 0, modelPack: 'm',
};
const visit = (id: string, openedAt = at): VisitCard => ({
  visitId: id, customerId: `c-${id}`, displayName: id, salutation: null, tier: null, facts: [], doNot: [], lastVisitAt: null, lastAdviser: null,
  openFollowUp: null, openedAt, lastSeenAt: openedAt, arrival: 'recognised', score: 0.7, adviser: null, photosWanted: false,
  allergies: [], suggestion: null, handedOver: null, stages: [], looking: null, looks: 0,
});
const candidate = (id: string, expiresAt = '2026-05-01T10:02:00.000Z'): CandidateCard => ({
  sightingId: id, customerId: `c-${id}`, displayName: id, salutation: null, tier: null, askedAt: at, expiresAt, score: 0.4,
});
const snapshot = (revision: number, visits: VisitCard[] = [], candidates: CandidateCard[] = []): LiveMessage =>
  ({ v: 1, type: 'live.snapshot', epoch: 'e', revision, at, data: { visits, candidates, health } });
const opened = (revision: number, card: VisitCard, corrects: string | null = null): LiveMessage =>
  ({ v: 1, type: 'visit.opened', epoch: 'e', revision, at, data: { visit: card, corrects } });
const closed = (revision: number, id: string, reason: EndReason = 'left'): LiveMessage =>
  ({ v: 1, type: 'visit.closed', epoch: 'e', revision, at, data: { visitId: id, customerId: `c-${id}`, reason } });
const forgotten = (revision: number, customerId: string | null, erased = false): LiveMessage =>
  ({ v: 1, type: 'customer.forgotten', epoch: 'e', revision, at, data: { customerId, erased } });
const after = (...messages: LiveMessage[]): LiveState => messages.reduce(applyLiveMessage, emptyLiveState);
const ids = (state: LiveState) => state.visits.map((card) => card.visitId);

t.test('a snapshot replaces all; the newest arrival comes first', async (t) => {
  const state = after(snapshot(7, [visit('old', '2026-05-01T09:00:00.000Z')]), opened(8, visit('new')));
  t.strictSame(ids(state), ['new', 'old']);
  t.strictSame(ids(applyLiveMessage(state, snapshot(20, [visit('other')]))), ['other']);
});

t.test('an event is shown once, however often it comes', async (t) => {
  const once = after(snapshot(0), opened(1, visit('a')));
  t.equal(applyLiveMessage(once, opened(1, visit('a'))), once, 'the very same state');
});

t.test('a missed event asks for a snapshot, and nothing is shown on top of a gap', async (t) => {
  const gap = after(snapshot(0), opened(2, visit('a')));
  t.ok(gap.needsSnapshot);
  t.strictSame(ids(applyLiveMessage(gap, opened(3, visit('b')))), []);
  t.notOk(applyLiveMessage(gap, snapshot(3, [visit('b')])).needsSnapshot);
});

t.test('another life of the box asks for a snapshot', async (t) => {
  const state = after(snapshot(5), { v: 1, type: 'live.resumed', epoch: 'other', revision: 5, at });
  t.ok(state.needsSnapshot);
});

t.test('a withdrawal takes the card and the questions about that person away', async (t) => {
  const state = after(snapshot(0, [visit('a')], [candidate('a'), candidate('b')]), closed(1, 'a', 'consent_withdrawn'));
  t.strictSame(ids(state), []);
  t.strictSame(state.candidates.map((card) => card.sightingId), ['b']);
});

t.test('an answer that live events have overtaken changes nothing', async (t) => {
  const updated = (revision: number, card: VisitCard): LiveMessage => ({ v: 1, type: 'visit.updated', epoch: 'e', revision, at, data: { visit: card } });
  const asked = after(snapshot(0), opened(1, visit('a')));
  const served = { ...visit('a'), adviser: { id: 's', name: '周宁' } };
  t.equal(withAnswer(asked, served, asked).visits[0]!.adviser?.name, '周宁');
  const gone = applyLiveMessage(asked, closed(2, 'a'));
  t.equal(withAnswer(gone, served, asked), gone, 'ended');
  t.equal(withAnswer(gone, served, gone), gone, 'ended before it was asked');
  const newer = applyLiveMessage(asked, updated(2, { ...visit('a'), adviser: { id: 'm', name: '沈店长' } }));
  t.equal(withAnswer(newer, served, asked), newer, 'somebody took over');
  t.equal(withAnswer(newer, served, newer).visits[0]!.adviser?.name, '周宁', 'asked after that');
  const other = applyLiveMessage(asked, opened(2, visit('b')));
  t.equal(withAnswer(other, served, asked).visits.find((card) => card.visitId === 'a')?.adviser?.name, '周宁', 'an event about somebody else');
  const fresh = applyLiveMessage(asked, snapshot(9));
  t.equal(withAnswer(fresh, served, asked), fresh, 'a snapshot knows better');
  t.equal(withAnswer(emptyLiveState, served, asked), emptyLiveState, 'signed out meanwhile');
  t.strictSame(ids(applyLiveMessage(gone, opened(3, visit('a')))), ['a'], 'the box itself may open it again');
});

t.test('a name that was wrong goes, and is said to have been wrong', async (t) => {
  const before = after(snapshot(0, [{ ...visit('wrong'), salutation: '王先生' }, visit('other')]));
  const withdrawal = closed(1, 'wrong', 'corrected');
  t.strictSame(correctionOf(before, withdrawal), { kind: 'withdrawn', visitId: 'wrong', wrongName: '王先生' });
  const between = applyLiveMessage(before, withdrawal);
  t.strictSame(ids(between), ['other']);
  const replacement = opened(2, { ...visit('right'), salutation: '王女士' }, 'wrong');
  t.strictSame(correctionOf(between, replacement), { kind: 'replaced', visitId: 'wrong', rightName: '王女士' });
  t.strictSame(ids(applyLiveMessage(between, replacement)), ['right', 'other']);
  t.strictSame(correctionOf(between, closed(2, 'wrong', 'corrected')), { kind: 'withdrawn', visitId: 'wrong', wrongName: null }, 'not on the board');
  t.equal(correctionOf(before, closed(1, 'wrong')), null, 'somebody who leaves was no mistake');
  t.equal(correctionOf(before, opened(1, visit('new'))), null);
});

t.test('the wrong card and the right one are never on the board together', async (t) => {
  const before = after(snapshot(0, [visit('wrong')]));
  const replaced = applyLiveMessage(before, opened(1, visit('right'), 'wrong'));
  t.strictSame(ids(replaced), ['right'], 'even if the end of the wrong one was never heard');
  t.equal(withAnswer(replaced, visit('wrong'), replaced), replaced, 'nor does a late answer bring it back');
  t.strictSame(ids(applyLiveMessage(replaced, closed(2, 'wrong', 'corrected'))), ['right'], 'or its end comes after');
});

const hands: Hands = { me: 's', held: new Set(), read: new Set(), still: false, placed: false };
const by = (card: VisitCard, id: string): VisitCard => ({ ...card, adviser: { id, name: id } });
const words = (id: string, to: string): VisitCard => ({ ...visit(id), handedOver: { by: { id: 'o', name: 'o' }, to: { id: to, name: to }, note: '等表带', at } });
const shown = (cards: readonly BoardCard[]) => cards.map(({ visit, ended }) => (ended === null ? visit.visitId : `${visit.visitId} ${ended}`));
/** What stands on the board after each of these states, one after another. */
const board = (states: readonly LiveState[], { ...rest }: Partial<Hands> = {}): string[] =>
  shown(states.reduce<readonly BoardCard[]>((before, { visits, ended }) => boardCards(before, visits, ended, { ...hands, ...rest }), []));
/** The state after the first message, after the first two, and so on. */
const each = (...messages: LiveMessage[]): LiveState[] => messages.map((_, at) => after(...messages.slice(0, at + 1)));

t.test('the card I serve stands first; none moves or goes while somebody acts on one', async (t) => {
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((id) => visit(id)) as [VisitCard, VisitCard, VisitCard, VisitCard];
  const still = { ...hands, still: true, placed: true };
  const end = (id: string, reason: EndReason) => ({ visitId: id, customerId: `c-${id}`, reason, shown: 'on' as const });
  const start = boardCards([], [d, by(c, 'other'), b, by(a, 's')], [], hands);
  t.strictSame(shown(start), ['a', 'd', 'c', 'b'], 'mine, then as they came');
  const served = boardCards(start, [d, by(c, 'other'), by(b, 's'), by(a, 's')], [], still);
  t.strictSame(shown(served), ['a', 'd', 'c', 'b'], 'not under the hand that serves');
  t.equal(served[3]!.visit.adviser?.id, 's', 'though what is on it is new');
  const over = [end('d', 'left'), end('c', 'by_hand')];
  const arrived = boardCards(served, [visit('e'), by(b, 's'), by(a, 's')], over, still);
  t.strictSame(shown(arrived), ['a', 'd left', 'c by_hand', 'b', 'e'], 'who comes stands behind, who goes stays in place for the moment');
  t.strictSame(shown(boardCards(arrived, [visit('e'), by(b, 's'), by(a, 's')], over, { ...still, read: new Set(['d']) })), ['a', 'c by_hand', 'b', 'e'], 'unless it is put away');
  t.strictSame(shown(boardCards(arrived, [visit('e'), by(b, 's'), by(a, 's')], over, { ...hands, placed: true })), ['a', 'b', 'e'], 'the hand is gone, the eyes are not: who went is away, nobody moves');
  t.strictSame(shown(boardCards(arrived, [visit('e'), by(b, 's'), by(a, 's')], over, hands)), ['b', 'a', 'e'], 'nobody looks');
  for (const reason of ['corrected', 'not_this_person', 'consent_withdrawn'] as const) {
    t.strictSame(shown(boardCards(served, [c, b, a], [end('d', reason)], still)), ['a', 'c', 'b'], `${reason}: at once`);
  }
  t.strictSame(shown(boardCards(served, [c, b, a], [], still)), ['a', 'c', 'b'], 'closed on this page, which may still be undone');

  const held = { ...still, held: new Set(['d']) };
  const open = boardCards(start, [by(a, 's')], [end('d', 'corrected')], held);
  t.strictSame(shown(open), ['a', 'd corrected'], 'a sheet is open on it');
  t.strictSame(shown(boardCards(open, [by(a, 's'), d], [], held)), ['a', 'd'], 'back again');
  t.strictSame(shown(boardCards(open, [by(a, 's')], [end('d', 'corrected')], hands)), ['a'], 'the sheet is closed');
});

t.test('what a colleague said to me stays until I have read it', async (t) => {
  const start = snapshot(0, [visit('d'), words('b', 's')]);
  t.strictSame(board(each(start)), ['b', 'd'], 'handed over to me');
  t.strictSame(board(each(start, closed(1, 'b'))), ['b left', 'd'], 'and not read yet');
  t.strictSame(board(each(start, closed(1, 'b')), { read: new Set(['b']) }), ['d']);
  t.strictSame(board(each(start, closed(1, 'b', 'by_hand'))), ['d'], 'whoever closed it saw it');
  t.strictSame(board(each(snapshot(0, [visit('d'), words('b', 'x')]), closed(1, 'b'))), ['d'], "somebody else's message");
  t.strictSame(board(each(start, closed(1, 'b')), { me: undefined }), ['d'], 'signed out');
  t.strictSame(board([...each(start, closed(1, 'b')), emptyLiveState]), [], 'somebody else signs in');
});

t.test('a card of an ended visit never outlives an erasure, nor what the page could not hear', async (t) => {
  const start = [snapshot(0, [visit('d'), words('b', 's')]), closed(1, 'b')];
  const open = { held: new Set(['b']) };
  t.strictSame(board(each(...start, forgotten(2, 'c-b', true))), ['d'], 'erased');
  t.strictSame(board(each(...start, forgotten(2, 'c-b', true)), open), ['d'], 'erased: a sheet that is open goes too');
  t.strictSame(board(each(...start, forgotten(2, 'c-b', true), forgotten(3, 'c-b')), open), ['d'], 'and does not come back');
  t.strictSame(board(each(...start, forgotten(2, 'c-b'))), ['d'], 'merged, restricted, or agreed to less');
  t.strictSame(board(each(...start, forgotten(2, null))), ['d'], 'everybody');
  t.strictSame(board(each(...start, forgotten(2, 'c-b')), open), ['b left', 'd'], 'there is still a dossier, and somebody writes');
  t.strictSame(board(each(...start, forgotten(2, 'c-d', true))), ['b left', 'd'], 'somebody else');
  for (const held of [new Set<string>(), open.held]) {
    t.strictSame(board(each(...start, snapshot(9, [visit('d')])), { held }), ['d'], 'a fresh start');
    t.strictSame(board(each(...start, { ...snapshot(3, [visit('d')]), epoch: 'other' } as LiveMessage), { held }), ['d'], 'another life of the box');
    t.strictSame(board(each(start[0]!, snapshot(9, [visit('d')])), { held }), ['d'], 'ended while nobody listened');
  }
  t.strictSame(board(each(...start, snapshot(9, [visit('d'), words('b', 's')]))), ['b', 'd'], 'it goes on after all');
  const asked = after(snapshot(0, [], [candidate('a'), candidate('b')]), forgotten(1, 'c-a', true));
  t.strictSame(asked.candidates.map((card) => card.sightingId), ['b'], 'nor is anybody asked whether it is them');
});

t.test('hand-over words typed when the visit ended: into the note of the dossier, but never of a customer who was not there', async (t) => {
  t.equal(wordsLeft('等表带', null, undefined), null, 'the visit goes on: the draft waits in the sheet');
  t.equal(wordsLeft('', 'left', '旧'), null);
  t.strictSame(wordsLeft('等表带', 'left', undefined), { note: '等表带' });
  t.strictSame(wordsLeft('等表带', 'by_hand', '旧'), { note: '旧\n等表带' });
  for (const reason of ['not_this_person', 'corrected'] as const) t.equal(wordsLeft('等表带', reason, '旧'), 'theirs', reason);
});

t.test('a question that ran out is no longer open', async (t) => {
  const state = after(snapshot(0, [], [candidate('a'), candidate('b', '2026-05-01T10:05:00.000Z')]));
  t.strictSame(openCandidates(state, Date.parse('2026-05-01T10:03:00.000Z')).map((card) => card.sightingId), ['b']);
});

t.test('any order of resume and repetition ends in the same board as the plain sequence', async (t) => {
  const events = [opened(1, visit('a')), opened(2, visit('b')), closed(3, 'a'), opened(4, visit('c')), closed(5, 'b')];
  const plain = after(snapshot(0), ...events);
  fc.assert(fc.property(fc.array(fc.nat(4), { maxLength: 12 }), (repeats) => {
    const messages: LiveMessage[] = [];
    for (const [index, event] of events.entries()) {
      messages.push(event, ...repeats.filter((at) => at <= index).map((at) => events[at]!)); // replayed ones come again
    }
    t.strictSame(ids(messages.reduce(applyLiveMessage, after(snapshot(0)))), ids(plain));
  }));
});

t.test('waits longer and longer, at most 15 s, never in step', async (t) => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 1000 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
    const ms = backoffMs(attempt, random);
    t.ok(ms >= 250 && ms <= 15_000, `${attempt}: ${ms}`);
  }));
});

t.test('tells an untrusted certificate from a box that is gone and from one that refuses', async (t) => {
  const linkAfter = (...events: LinkEvent[]) => events.reduce(nextLink, newLink);
  const link = (...events: LinkEvent[]) => linkAfter(...events).status;
  const gone = { type: 'failed', reachable: false, opened: false, problem: null } as const;
  t.equal(link({ type: 'heard' }), 'live');
  t.equal(link({ type: 'heard' }, { type: 'lost' }), 'reconnecting', 'before anybody knows why');
  t.equal(link(gone, gone, { type: 'lost' }), 'offline');
  t.equal(link(gone), 'reconnecting');
  t.equal(link(gone, gone), 'offline');
  const blocked = { type: 'failed', reachable: true, opened: false, problem: null } as const;
  t.equal(link(blocked, blocked), 'reconnecting');
  t.equal(link(blocked, blocked, blocked), 'untrusted');
  t.equal(link(blocked, blocked, blocked, { type: 'heard' }), 'live');
  t.equal(link(gone, gone, gone, blocked), 'reconnecting', 'a box that has just come back');
  const dropped = { ...blocked, opened: true } as const;
  t.equal(link(dropped, dropped, dropped, dropped), 'reconnecting', 'what opens is trusted');
  const refused = { ...dropped, problem: 'not_allowed' } as const;
  t.match(linkAfter(refused, refused, refused), { status: 'refused', problem: 'not_allowed' });
  t.equal(linkAfter(refused, { type: 'heard' }).problem, null);
});

t.test('resumes only with both epoch and revision', async (t) => {
  t.equal(liveUrl('https://box:8443', 1, null), 'wss://box:8443/api/v1/live?v=1');
  t.equal(liveUrl('https://box:8443', 1, { epoch: 'e', since: 4 }), 'wss://box:8443/api/v1/live?v=1&epoch=e&since=4');
});
