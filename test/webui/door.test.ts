/** Which page is open to whom, and what may come in by the address bar. */
import t from 'tap';
import type { Role } from '../../appliance/contract/index.js';
import { codeInHash } from '../../webui/src/access/codeInHash.js';
import { doorFor, safeNext, type Standing } from '../../webui/src/access/door.js';

const box = { devicePaired: true, ownerNeeded: false };
const PAGES = ['pair', 'sign-in', 'front-desk', 'station', 'hand-back', 'enrol', 'board', 'look-up', 'customers', 'dossier', 'settings', 'privacy', 'privacy-audit'];
const openTo = (standing: Standing) => PAGES.filter((page) => doorFor(page, standing) === null);

t.test('every page leads to the one door there is', async (t) => {
  const staff: Standing = { box, scope: 'staff', role: 'associate', handedOver: false, atStation: false };
  t.strictSame(openTo(staff), ['enrol', 'board', 'look-up', 'customers', 'dossier', 'settings']);
  t.strictSame(openTo({ ...staff, box: { devicePaired: false, ownerNeeded: false } }), ['pair']);
  t.strictSame(openTo({ ...staff, box: { devicePaired: true, ownerNeeded: true } }), ['pair']);
  t.strictSame(openTo({ ...staff, scope: null, role: null }), ['sign-in']);
  t.strictSame(openTo({ ...staff, scope: 'front_desk' }), ['front-desk']);
  t.strictSame(openTo({ ...staff, scope: 'front_desk', atStation: true }), ['station'], 'also after a reload');
  t.strictSame(openTo({ ...staff, atStation: true }), openTo(staff), 'once a PIN was entered');
});

t.test('each role finds its own pages, and is led home from the others', async (t) => {
  const as = (role: Role): Standing => ({ box, scope: 'staff', role, handedOver: false, atStation: false });
  const DESK = ['enrol', 'board', 'look-up', 'customers', 'dossier', 'settings'];
  t.strictSame(openTo(as('manager')), DESK, 'the manager does not sit in the privacy office');
  t.strictSame(openTo(as('privacy_officer')), ['customers', 'dossier', 'settings', 'privacy', 'privacy-audit']);
  t.strictSame(openTo(as('it')), ['settings']);
  for (const role of ['manager', 'associate', 'privacy_officer', 'it'] as const) {
    const home = doorFor('sign-in', as(role))!;
    t.equal(doorFor(home, as(role)), null, `${role} may stay at ${home}`);
    for (const page of PAGES) if (doorFor(page, as(role)) !== null) t.equal(doorFor(page, as(role)), home, `${role} on ${page}`);
  }
});

t.test('while a customer holds the iPad, nothing opens without a PIN', async (t) => {
  t.strictSame(openTo({ box, scope: 'staff', role: 'associate', handedOver: true, atStation: false }), ['hand-back'], 'not even the enrolment once it was left');
  for (const handedOver of [true, false]) t.strictSame(openTo({ box, scope: 'handed_over', role: 'manager', handedOver, atStation: false }), ['hand-back'], 'the box knows it by itself');
  t.strictSame(openTo({ box: null, scope: null, role: null, handedOver: true, atStation: false }), ['hand-back'], 'nor by waiting for the box to come back');
  t.strictSame(openTo({ box, scope: null, role: null, handedOver: true, atStation: false }), ['sign-in']);
});

t.test('only an address of this page is gone on to', async (t) => {
  t.equal(safeNext('/customers/1?tab=notes'), '/customers/1?tab=notes');
  for (const bad of ['//evil.example', '/\\evil.example', 'https://evil.example', '', undefined, ['/a']]) t.equal(safeNext(bad), null);
});

t.test('a pairing link that was mangled gives no code, and no crash', async (t) => {
  t.equal(codeInHash('#ABCD-1234'), 'ABCD-1234');
  t.equal(codeInHash('#%41B'), 'AB');
  t.equal(codeInHash('#%E0%A4%A'), '');
  t.equal(codeInHash(''), '');
  t.equal(codeInHash(`#${'a'.repeat(48)}`).length, 48, 'the secret of a customer\'s link, whole');
});
