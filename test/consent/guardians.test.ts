/** Who decides for a child, and what a refusal means: the consent room on a real encrypted file. */
import fc from 'fast-check';
import t from 'tap';
import { isUnder14, ownConsentDay } from '../../appliance/consent/guardian.js';
import { dayAfter, isCalendarDay } from '../../appliance/kit/index.js';
import { temporaryDirectory } from '../support/scratch.js';
import { HOUR_MS, DAY_MS, BY, NOON, start, child, refused, told } from '../support/consents.js';

// ---- Guardians -------------------------------------------------------------------------------------------------

t.test('C6: under 14 only with a guardian, and never beyond the day before the birthday', async (t) => {
  const rooms = start(t); // 15 June 2026
  const { consent, sign } = rooms;
  const id = rooms.customer();
  t.match(refused(() => sign(id, { ageConfirmed: false })), { code: 'consent_guardian_required' }, 'a child alone');
  for (const [birthDay, why] of [
    ['2012-06-15', 'the 14th birthday is today'], ['2012-06-14', 'it was yesterday'], ['1990-01-01', 'an adult'], ['2026-06-16', 'not born yet'],
    ['2015-02-29', 'no such day'], ['2015-13-01', 'no such month'],
  ] as const) t.match(refused(() => sign(id, child(birthDay))), { code: 'consent_guardian_invalid' }, why);
  t.match(refused(() => sign(id, { ...child('2015-01-01'), ageConfirmed: true })), { code: 'consent_guardian_invalid' }, 'both at once');
  t.match(refused(() => sign(id, { ...child('2012-06-20'), validUntil: '2026-06-20' })), { code: 'consent_term_invalid', details: { lastDay: '2026-06-19' } });
  t.match(refused(() => sign(id, { ...child('2015-01-01'), validUntil: '2028-01-01' })), { code: 'consent_term_invalid', details: { lastDay: '2027-06-16' } }, 'the term of the notice');
  t.equal(consent.records.history(id).length, 0);

  t.match(sign(id, { ...child('2012-06-16'), validUntil: '2026-06-15' }), { guardian: { name: '李母', relation: 'mother' }, validUntil: '2026-06-15' }, 'for this one day');
  t.match(sign(id, { ...child('2012-06-20'), validUntil: '2026-06-19' }), { endedAt: null });
  t.match(refused(() => sign(id)), { code: 'consent_guardian_required' }, 'a child known as one cannot sign alone');
  t.strictSame(consent.records.evidence(consent.records.history(id)[0]!.id).signature.strokes[0]!.length, 2);
});

t.test('C6: on the 14th birthday the guardian\'s consent is over, templates are gone, and the customer signs alone', async (t) => {
  const rooms = start(t);
  const { clock, consent, gallery, sign } = rooms;
  const id = rooms.customer();
  sign(id, { ...child('2012-06-20'), validUntil: '2026-06-19' });
  rooms.enrol(id);
  clock.move(Date.parse('2026-06-19T23:59:59.999+08:00') - clock.now());
  t.ok(consent.covers(id, 'recognise'), 'the last millisecond');
  clock.move(1);
  t.notOk(consent.covers(id, 'recognise'), 'happy birthday');
  t.equal(consent.expireDue(), 1);
  t.equal(gallery.photosOf(id), 0);
  t.match(refused(() => sign(id, { ...child('2012-06-20'), validUntil: '2026-07-01' })), { code: 'consent_guardian_invalid' });
  t.match(sign(id), { guardian: null, endedAt: null });
});

t.test('C6: who was known as a child stays one: after a withdrawal, when it ran out, in another dossier, and taken out of it', async (t) => {
  const rooms = start(t);
  const { clock, consent, customers } = rooms;
  const merge = (from: string, into: string) => consent.endForMerge(from, (end) => customers.merge(from, into, 's', end));
  const alone = (id: string) => refused(() => rooms.sign(id));
  const byGuardian = { ...child('2016-03-01'), validUntil: '2026-07-01' };
  const [withdrawn, expired, merged, into] = [rooms.customer(), rooms.customer(), rooms.customer(), rooms.customer()];
  for (const id of [withdrawn, expired, merged]) rooms.sign(id, byGuardian);
  consent.withdraw(withdrawn);
  t.match(alone(withdrawn), { code: 'consent_guardian_required' }, 'after a withdrawal');
  merge(merged, into);
  t.match(alone(into), { code: 'consent_guardian_required' }, 'in the other dossier');
  clock.move(40 * DAY_MS);
  consent.expireDue();
  t.match(alone(expired), { code: 'consent_guardian_required' }, 'after it ran out');

  // Agreed to for the child under the other dossier, and taken out of that again.
  const mother = rooms.customer();
  const twin = rooms.customer();
  merge(twin, mother);
  rooms.sign(mother, { ...child('2016-03-01'), validUntil: '2026-09-01' });
  customers.undoMerge(customers.merges(mother)[0]!.id);
  t.match(alone(twin), { code: 'consent_guardian_required' });

  // Only a guardian corrects the day: the newest counts, also when the clock was set back since.
  clock.move(-2 * DAY_MS);
  rooms.sign(withdrawn, { ...child('2012-08-01'), validUntil: '2026-07-31' });
  t.match(alone(withdrawn), { code: 'consent_guardian_required' });
  clock.move(Date.parse('2026-08-01T04:00:00Z') - clock.now());
  t.match(rooms.sign(withdrawn), { guardian: null, endedAt: null }, 'fourteen by the corrected day, twelve by the first');
});

t.test('C6: days of any calendar: 14 years to the day, and 29 February', async (t) => {
  t.strictSame(['2012-02-29', '2016-02-29'].map(ownConsentDay), ['2026-02-28', '2030-02-28']);
  t.strictSame(['2012-06-20', '2012-03-01', '2012-12-31'].map(ownConsentDay), ['2026-06-20', '2026-03-01', '2026-12-31']);
  const day = fc.integer({ min: Date.UTC(1900, 0, 1) / DAY_MS, max: Date.UTC(2150, 0, 1) / DAY_MS }).map((days) => new Date(days * DAY_MS).toISOString().slice(0, 10));
  t.doesNotThrow(() => fc.assert(fc.property(day, (birthDay) => {
    const own = ownConsentDay(birthDay);
    return isCalendarDay(own) && Number(own.slice(0, 4)) - Number(birthDay.slice(0, 4)) === 14 && (own.slice(5) === birthDay.slice(5) || birthDay.endsWith('-02-29'))
      && isUnder14(birthDay, birthDay) && isUnder14(birthDay, dayAfter(own, -1)) && !isUnder14(birthDay, own) && !isUnder14(birthDay, dayAfter(birthDay, -1));
  })));
  t.doesNotThrow(() => fc.assert(fc.property(day, day, day, (birthDay, one, other) => {
    const [earlier, later] = one <= other ? [one, other] : [other, one];
    return later < birthDay || earlier < birthDay || isUnder14(birthDay, earlier) || !isUnder14(birthDay, later); // nobody gets younger
  })));
});

// ---- Refusals --------------------------------------------------------------------------------------------------

t.test('C8: for 48 hours after a refusal nobody may ask or sign; the attempt is written down', async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const rooms = start(t, { dataDirectory });
  const { clock, consent, sign } = rooms;
  const [id, other] = [rooms.customer(), rooms.customer()];
  t.match(refused(() => consent.ask('nobody', BY)), { code: 'customer_not_found' });
  t.match(refused(() => consent.refuse('nobody', BY)), { code: 'customer_not_found' });
  t.equal(consent.ask(id, BY).version, 1);
  const refusal = consent.refuse(id, BY);
  t.strictSame(refusal, { customerId: id, refusedAt: new Date(NOON).toISOString(), notBefore: new Date(NOON + 48 * HOUR_MS).toISOString() });
  const blocked = { code: 'consent_cool_off', details: { notBefore: refusal.notBefore } };
  t.match(refused(() => consent.ask(id, BY)), blocked);
  t.match(refused(() => sign(id)), blocked);
  t.strictSame(told(rooms, 'consent_ask_blocked').map((entry) => [entry.customer, entry.staff]), [[id, 's'], [id, 's']]);
  t.equal(refused(() => consent.ask(other, BY)), 'accepted', 'somebody else may be asked');

  clock.move(-400 * DAY_MS);
  t.match(refused(() => consent.ask(id, BY)), { code: 'consent_cool_off' }, 'a clock that was set back');
  clock.move(400 * DAY_MS + 48 * HOUR_MS - 1);
  rooms.close();
  const later = start(t, { dataDirectory, clock });
  t.match(refused(() => later.sign(id)), blocked, 'a restart, and the last millisecond');
  later.consent.refusals.retention.deleteBefore(clock.now(), []);
  t.match(refused(() => later.consent.ask(id, BY)), blocked, 'no term deletes it while it counts');
  clock.move(1);
  t.equal(refused(() => later.sign(id)), 'accepted');
  t.equal(later.consent.refusals.of(id).length, 1);
});

t.test('C8: a refusal goes with the person when dossiers are merged', async (t) => {
  const { consent, customer, customers } = start(t);
  const [from, between, into] = [customer(), customer(), customer()];
  consent.refuse(from, BY);
  consent.endForMerge(from, (end) => customers.merge(from, between, 's', end));
  consent.endForMerge(between, (end) => customers.merge(between, into, 's', end));
  t.match(refused(() => consent.ask(into, BY)), { code: 'consent_cool_off' });
});

t.test('C8: after a merge that was undone, what was refused meanwhile counts for both dossiers', async (t) => {
  const { clock, consent, customer, customers } = start(t);
  const [from, between, into] = [customer(), customer(), customer()];
  const merge = (one: string, other: string) => consent.endForMerge(one, (end) => customers.merge(one, other, 's', end));
  const undo = (id: string) => customers.undoMerge(customers.merges(id)[0]!.id);
  consent.refuse(into, BY);
  clock.move(60 * HOUR_MS);
  merge(from, between);
  merge(between, into);
  consent.refuse(into, BY);
  clock.move(HOUR_MS);
  undo(into);
  undo(between);
  for (const id of [from, between, into]) t.match(refused(() => consent.ask(id, BY)), { code: 'consent_cool_off' });
  clock.move(47 * HOUR_MS);
  for (const id of [from, between, into]) t.equal(refused(() => consent.ask(id, BY)), 'accepted');
  consent.refuse(into, BY);
  t.equal(refused(() => consent.ask(from, BY)), 'accepted', 'what is refused after that concerns nobody else');
});

t.test('C22: dossiers are not taken apart while processing of one is restricted, and nothing new is written', async (t) => {
  const { consent, customer, customers, followUps } = start(t);
  const [from, into] = [customer(), customer()];
  consent.endForMerge(from, (end) => customers.merge(from, into, 's', end));
  const mergeId = customers.merges(into)[0]!.id;
  let restricted = into;
  for (const room of [(is: (id: string) => boolean) => customers.keepApart(is, () => false), (is: (id: string) => boolean) => consent.restrictWith(is)]) {
    room((id) => id === restricted);
  }
  const writes = { undo: () => customers.undoMerge(mergeId), note: () => customers.addNote(into, '一条', 's'), fact: () => customers.change(into, { facts: ['喝茶'] }),
    followUp: () => followUps.add(into, { text: '回电' }, 's') };
  for (const [what, write] of Object.entries(writes)) t.match(refused(write), { code: 'customer_restricted' }, what);
  restricted = '';
  customers.change(into, { facts: ['喝咖啡', '怕冷'] });
  restricted = into;
  t.doesNotThrow(() => customers.change(into, { facts: ['喝茶', '怕冷'] }, 's', true), 'what is wrong is put right by the officer');
  t.match(refused(() => customers.change(into, { facts: ['喝茶', '怕冷', '爱说话'] })), { code: 'customer_restricted' });
  t.doesNotThrow(() => customers.change(into, { facts: [] }));
  restricted = from;
  t.match(refused(writes.undo), { code: 'customer_restricted' });
  restricted = '';
  for (const [what, write] of Object.entries(writes)) t.equal(refused(write), 'accepted', what);
});

t.test('C8: a refusal from a clock that was far ahead counts from when that is noticed, for 48 hours', async (t) => {
  const { clock, consent, customer } = start(t);
  const id = customer();
  clock.move(5 * 366 * DAY_MS);
  consent.refuse(id, BY);
  clock.move(-5 * 366 * DAY_MS + HOUR_MS);
  t.match(refused(() => consent.ask(id, BY)), { code: 'consent_cool_off', details: { notBefore: new Date(clock.now() + 48 * HOUR_MS).toISOString() } });
  clock.move(48 * HOUR_MS - 1);
  t.match(refused(() => consent.ask(id, BY)), { code: 'consent_cool_off' });
  clock.move(1);
  t.equal(refused(() => consent.ask(id, BY)), 'accepted', 'not in five years');
  t.equal(consent.refusals.of(id).length, 1, 'noticing it is no second refusal');
});
