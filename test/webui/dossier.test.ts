/** What the page makes of a dossier by itself: the line of events, and the form. */
import t from 'tap';
import type { Dossier } from '../../appliance/contract/index.js';
import { changeOf, conflictingFields, countOf, FIELD_NAMES, fieldsOf, formOf, isBare, NO_FIELDS, problemOf, typedFields } from '../../webui/src/dossier/edit.js';
import { byDay, kindsIn, timelineOf } from '../../webui/src/dossier/timeline.js';
import { initials } from '../../webui/src/format/initials.js';

const at = (day: number, hour = 4): string => `2026-05-${String(day).padStart(2, '0')}T${String(hour).padStart(2, '0')}:00:00.000Z`;
const bare: Dossier = {
  ...NO_FIELDS, id: 'c', displayName: '林知夏', createdAt: at(1), enrolled: false, templatePhotos: 0, template: null, merges: [], openVisitId: null, suggestion: null, restrictedSince: null, notes: [], followUps: [],
  visits: [], consents: [], tags: [], memberCodeSince: null, fields: [], formerFields: [], emptiedFields: [], tastes: [], wishes: [], purchases: [], tickets: [], appointments: [], files: [],
};
const full: Dossier = {
  ...bare,
  merges: [{ id: 'm', displayName: '林小姐', at: at(2), by: '周宁' }],
  notes: [{ id: 'n', text: '试戴过', author: '周宁', at: at(3) }],
  followUps: [{ id: 'f', text: '回电', dueOn: null, author: '周宁', at: at(3, 5), doneAt: at(9) }],
  visits: [{ id: 'v', openedAt: at(3, 3), lastSeenAt: at(3, 4), closedAt: at(3, 4), endReason: 'left', arrival: 'by_hand', adviser: '周宁', services: [], stages: [], looks: [] }],
  consents: [{ id: 's', noticeVersion: 2, language: 'zh-CN', purposes: ['recognise'], givenAt: at(4), validUntil: '2026-12-31', endedAt: at(8), endReason: 'withdrawn', witness: '周宁', guardian: null, seal: null, outdated: false }],
  wishes: [{ id: 'w', productId: null, text: '月相表', at: at(5), by: '周宁', arrivedAt: at(6), ended: { at: at(7), outcome: 'bought' } }],
  purchases: [{
    id: 'p', productId: null, text: '表带', quantity: 2, amountMinor: 40_000, receiptNo: null, at: at(7, 5), by: '周宁', takeBackUntil: at(7, 5), visitId: null, returned: 1,
    returns: [{ id: 'r', quantity: 1, amountMinor: 20_000, at: at(9, 5), by: '周宁' }],
  }],
  tickets: [{ id: 't', subject: '换电池', detail: '', state: 'done', dueOn: null, at: at(5, 6), by: '周宁', changedAt: at(6, 6), doneAt: at(6, 6) }],
  appointments: [{ id: 'a', at: at(30), minutes: 30, subject: '取表', adviser: null, state: 'planned', madeAt: at(7), by: '周宁' }],
  files: [{ id: 'd', name: '保修卡', mime: 'image/jpeg', bytes: 9, at: at(7, 6), by: '周宁' }],
  fields: [
    { fieldId: 'x', value: { yes: true }, at: at(8, 6), by: '周宁', changes: 0 }, { fieldId: 'y', value: { number: 3 }, at: at(8, 6), by: '周宁', changes: 0 }, { fieldId: 'z', value: { number: 3 }, at: at(8, 7), by: '周宁', changes: 0 },
  ],
};

t.test('the line of events, newest first', async (t) => {
  t.strictSame(timelineOf(bare).map(({ event }) => event), ['dossier']);
  const entries = timelineOf(full);
  t.strictSame(entries.map(({ event, at: when }) => `${Number(when.slice(8, 10))} ${event}`), [
    '30 appointment_planned', '9 return', '9 followUp_done', '8 field', '8 field', '8 consent_ended', '7 file', '7 purchase', '7 wish_bought', '6 ticket_done', '6 wish_arrived',
    '5 ticket', '5 wish', '4 consent', '3 followUp', '3 note', '3 visit', '2 dossier_merged', '1 dossier',
  ]);
  t.equal(new Set(entries.map(({ key }) => key)).size, entries.length, 'each has a key of its own');
  t.match(entries.find(({ event }) => event === 'purchase'), { text: '表带', n: 2, amountMinor: 40_000, by: '周宁' });
  t.strictSame(entries.filter(({ event }) => event === 'field').map(({ n }) => n), [1, 2], 'what was written at one moment is one event');
  const service = { by: { id: 'a', name: '陆遥' }, from: at(3, 3), to: at(3, 4), handedOver: { to: { id: 'b', name: '周宁' }, note: '等表带' } };
  t.match(timelineOf({ ...bare, visits: [{ ...full.visits[0]!, services: [service, { ...service, to: null, handedOver: null }] }] })[0],
    { event: 'handed_over', text: '→ 周宁 · 等表带', by: '陆遥', at: at(3, 4) }, 'with what words somebody was handed on');
  const noon = at(3);
  const together = timelineOf({ ...bare, tickets: [{ ...full.tickets[0]!, at: noon, doneAt: noon }] });
  t.strictSame(together.map(({ event }) => event), ['ticket_done', 'ticket', 'dossier'], 'done stands above begun');
});

t.test('by day in the store, one kind alone', async (t) => {
  const inShanghai = (instant: string): string => new Date(Date.parse(instant) + 8 * 3_600_000).toISOString().slice(0, 10);
  const late = timelineOf({ ...bare, notes: [{ id: 'n', text: 'x', author: 'y', at: '2026-05-03T16:30:00.000Z' }, { id: 'o', text: 'x', author: 'y', at: '2026-05-03T15:30:00.000Z' }] });
  t.strictSame(byDay(late, inShanghai).map(({ day, entries }) => [day, entries.length]), [['2026-05-04', 1], ['2026-05-03', 1], ['2026-05-01', 1]]);
  t.strictSame(byDay(timelineOf(full), inShanghai, 'wish').flatMap(({ entries }) => entries.map(({ event }) => event)), ['wish_bought', 'wish_arrived', 'wish']);
  t.strictSame(kindsIn(late), ['note', 'dossier']);
  t.strictSame(byDay(late, inShanghai, 'file'), []);
});

t.test('a form says what stands there, and sends only what was changed', async (t) => {
  const seen = fieldsOf({
    ...NO_FIELDS, displayName: '林知夏', phone: '13800001111', points: 120, likes: ['珐琅'], sizes: [{ label: '戒指', value: '12' }],
    dates: [{ kind: 'birthday', label: null, month: 2, day: 29, year: 1992 }], companions: [{ name: '陈先生', relation: '丈夫', customerId: null }],
  });
  t.strictSame(typedFields(formOf(seen)), seen, 'there and back');
  t.strictSame(Object.keys(NO_FIELDS).sort(), [...FIELD_NAMES].sort(), 'no field is left out');
  const form = formOf(seen);
  t.equal(changeOf(seen, typedFields(form)), null);
  form.phone = '138-0000-2222';
  form.likes.push('  ', ' 玉 ');
  form.sizes.push({ label: '', value: '' });
  form.points = '';
  t.strictSame(changeOf(seen, typedFields(form)), {
    phone: '13800002222', points: 0, likes: ['珐琅', '玉'], base: { phone: '13800001111', points: 120, likes: ['珐琅'] },
  });
  t.equal(countOf(form, ['likes', 'sizes', 'dates']), 4, 'empty lines are none');
  form.likes.push('金');
  t.strictSame(seen.likes, ['珐琅'], 'what was seen is not touched by typing');
});

t.test('what is amiss is said before it is sent', async (t) => {
  const problem = (change: object): string | null => problemOf({ ...formOf({ ...NO_FIELDS, displayName: '林' }), ...change });
  t.equal(problem({}), null);
  t.equal(problem({ displayName: ' ' }), 'form.nameNeeded');
  t.equal(problem({ displayName: `${'名'.repeat(38)}👑💍` }), null, '40 characters, one emoji one of them');
  t.equal(problem({ displayName: `${'名'.repeat(39)}👑💍` }), 'edit.nameLong');
  t.equal(problem({ phone: '12a' }), 'form.phoneInvalid');
  t.equal(problem({ memberNo: '会员' }), 'edit.memberInvalid');
  t.equal(problem({ points: '-1' }), 'edit.pointsInvalid');
  t.equal(problem({ email: 'a@b' }), 'edit.emailInvalid');
  t.equal(problem({ sizes: [{ label: '戒指', value: '' }] }), 'edit.sizeHalf');
  t.equal(problem({ companions: [{ name: '', relation: '丈夫', customerId: null }] }), 'edit.companionHalf');
  const date = { kind: 'birthday', label: '', month: 2, day: 29, year: '' };
  t.equal(problem({ dates: [date] }), null);
  t.equal(problem({ dates: [{ ...date, year: '2028' }] }), null);
  for (const [wrong, said] of [[{ day: 30 }, 'dateInvalid'], [{ year: '2027' }, 'yearNotLeap'], [{ year: '19' }, 'yearInvalid'], [{ kind: '' }, 'dateHalf'], [{ month: 0 }, 'dateHalf'], [{ day: 0 }, 'dateHalf']] as const) {
    t.equal(problem({ dates: [{ ...date, ...wrong }] }), `edit.${said}`, JSON.stringify(wrong));
  }
  const blank = { kind: '' as const, label: ' ', month: 0, day: 0, year: '' };
  t.equal(problem({ dates: [blank] }), null);
  t.strictSame(typedFields({ ...formOf(NO_FIELDS), dates: [blank] }).dates, [], 'a line in which nothing was chosen is not there');
});

t.test('which fields are in conflict, and which dossier is bare', async (t) => {
  t.strictSame(conflictingFields({ fields: 'likes,phone,unheard' }), ['phone', 'likes']);
  t.strictSame(conflictingFields({}), []);
  t.ok(isBare({ ...bare, phone: '13800001111', tier: '金卡' }));
  t.notOk(isBare({ ...bare, contactNever: true }));
});

t.test('an emblem never shows half a sign', async (t) => {
  t.equal(initials('林知夏'), '林');
  t.equal(initials('👩‍👩‍👧 家'), '👩‍👩‍👧家');
  t.equal(initials('🇨🇳'), '🇨🇳');
  t.equal(initials('Ada Lovelace'), 'AL');
  t.equal(initials(''), '');
});
