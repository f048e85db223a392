/** What the page knows of consent before the box is asked: who may sign, until when, what a withdrawal leaves, a standing consent. */
import t from 'tap';
import type { Consent } from '../../appliance/contract/index.js';
import { activeConsent, standingConsent } from '../../webui/src/consent/activeConsent.js';
import { ageOn, consentLacks, lastGuardianDay, type ConsentDraft } from '../../webui/src/consent/guardian.js';
import { purposesLeft, separable } from '../../webui/src/consent/purposes.js';
import { shortSeal } from '../../webui/src/consent/seal.js';
import { defaultTerm, termChoices } from '../../webui/src/consent/terms.js';

const consent: Consent = {
  id: 'c', noticeVersion: 1, language: 'zh-CN', purposes: ['recognise', 'greet'], givenAt: '2026-01-01T00:00:00.000Z', validUntil: '2026-12-31',
  endedAt: null, endReason: null, witness: '周宁', guardian: null, seal: null, outdated: false,
};

t.test('a guardian signs until the day before the 14th birthday, and no longer', async (t) => {
  t.equal(lastGuardianDay('2013-05-02'), '2027-05-01');
  t.equal(lastGuardianDay('2013-01-01'), '2026-12-31', 'over the turn of the year');
  t.equal(lastGuardianDay('2012-02-29'), '2026-02-27', 'no 29 February in 2026: the earlier day counts');
  t.equal(ageOn('2013-05-02', '2027-05-01'), 'needs_guardian');
  t.equal(ageOn('2013-05-02', '2027-05-02'), 'old_enough', 'on the birthday');
  t.equal(ageOn('2026-11-22', '2026-11-22'), 'needs_guardian', 'born today');
  t.equal(ageOn('2026-11-23', '2026-11-22'), 'not_born');
  for (const none of ['', '2020-02-30', '2020-13-01', '20200101', 'soon']) t.equal(ageOn(none, '2026-11-22'), 'unknown', none);
});

t.test('a child\'s consent is never offered past that day', async (t) => {
  const today = '2026-11-22';
  t.strictSame(termChoices(today, 365).map((term) => term.validUntil), ['2027-02-22', '2027-05-22', '2027-11-22'], 'an adult chooses from three');
  t.strictSame(termChoices(today, 1096).map((term) => term.months), [3, 6, 12, 24, 36], 'from more where the notice lets them');
  t.equal(defaultTerm(termChoices(today, 1096))?.months, 12);
  t.strictSame(termChoices(today, 365, '2030-01-01').map((term) => term.validUntil), ['2027-02-22', '2027-05-22', '2027-11-22'], 'a small child too');
  const soon = termChoices(today, 365, '2027-04-30');
  t.strictSame(soon.map((term) => term.validUntil), ['2027-02-22', '2027-04-30']);
  t.equal(defaultTerm(soon)?.validUntil, '2027-04-30');
  t.strictSame(termChoices(today, 365, '2026-11-25'), [{ months: 0, validUntil: '2026-11-25' }], 'a term is always left');
  t.strictSame(termChoices(today, 365, '2027-02-22').map((term) => term.validUntil), ['2027-02-22'], 'no day twice');
});

t.test('a consent says what it lacks, one thing at a time, and is never complete by itself', async (t) => {
  const today = '2026-11-22';
  const nobody = { name: '', relation: null, childBirthDay: '' };
  const empty: ConsentDraft = { recognise: false, age: null, guardian: nobody, signed: false };
  const mother = { name: '林芳', relation: 'mother', childBirthDay: '2015-03-01' } as const;
  t.equal(consentLacks(empty, today), 'purpose');
  t.equal(consentLacks({ ...empty, recognise: true }, today), 'age', 'nobody is taken to be 14');
  t.equal(consentLacks({ ...empty, recognise: true, age: 'own' }, today), 'signature');
  t.equal(consentLacks({ ...empty, recognise: true, age: 'own', signed: true }, today), null);
  const child: ConsentDraft = { recognise: true, age: 'guardian', guardian: mother, signed: true };
  t.equal(consentLacks(child, today), null);
  t.equal(consentLacks({ ...child, signed: false }, today), 'signature');
  t.equal(consentLacks({ ...child, guardian: { ...mother, name: ' ' } }, today), 'guardian');
  t.equal(consentLacks({ ...child, guardian: { ...mother, relation: null } }, today), 'guardian');
  t.equal(consentLacks({ ...child, guardian: { ...mother, childBirthDay: '' } }, today), 'birthDay');
  t.equal(consentLacks({ ...child, guardian: { ...mother, childBirthDay: '2027-01-01' } }, today), 'birthDay');
  t.equal(consentLacks({ ...child, guardian: { ...mother, childBirthDay: '2012-11-22' } }, today), 'oldEnough');
});

t.test('recognition carries the rest: without it nothing is left', async (t) => {
  const all = ['recognise', 'greet', 'contact', 'keep_photo'] as const;
  t.strictSame(purposesLeft(all, []), []);
  t.strictSame(purposesLeft(all, ['recognise']), []);
  t.strictSame(purposesLeft(all, ['contact', 'recognise']), []);
  t.strictSame(purposesLeft(all, ['contact']), ['recognise', 'greet', 'keep_photo']);
  t.strictSame(separable(['keep_photo', 'greet', 'recognise']), ['greet', 'keep_photo'], 'in the order of the notice');
  t.strictSame(separable(['recognise']), []);
});

t.test('a consent under an older notice is in force, but nobody is enrolled on it', async (t) => {
  const today = '2026-11-22';
  t.equal(standingConsent([consent], today), consent);
  const outdated = { ...consent, outdated: true };
  t.equal(activeConsent([outdated], today), outdated);
  t.equal(standingConsent([outdated], today), null);
  t.equal(standingConsent([{ ...consent, purposes: ['contact'] }], today), null);
  t.equal(standingConsent([{ ...consent, validUntil: '2026-11-21' }], today), null);
});

t.test('a seal is shown so that it can be read out', async (t) => {
  t.equal(shortSeal('a1b2c3d4e5f60718293a4b5c6d7e8f90'), 'A1B2 C3D4 E5F6 0718');
});
