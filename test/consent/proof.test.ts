/** No template without consent: the compiler says so first, the running code says so again. */
import t, { type Test } from 'tap';
import type { ConsentProof } from '../../appliance/consent/index.js';
import { ConsentProof as ProofClass } from '../../appliance/consent/proof.js';
import { Embedding, isPorticoError } from '../../appliance/kit/index.js';
import { compile } from '../support/compiling.js';
import { openRooms } from '../support/rooms.js';

const HEAD = `
import type { Consent, ConsentProof } from '../appliance/consent/index.js';
import type { EnrolmentPhoto, Gallery } from '../appliance/gallery/index.js';
import type { Visits } from '../appliance/visits/index.js';
declare const gallery: Gallery; declare const consent: Consent; declare const visits: Visits; declare const photos: EnrolmentPhoto[];
`;

t.test('without a proof the code does not compile', { timeout: 60_000 }, async (t) => {
  const errors = Object.fromEntries(Object.entries(compile({
    right: `${HEAD} consent.withProof('c', 'recognise', (proof) => { gallery.enrol(proof, photos); return visits.recogniseArrival(proof, 'recognised', 0.5); });`,
    nothing: `${HEAD} gallery.enrol(photos);`,
    id: `${HEAD} gallery.enrol('customer', photos);`,
    literal: `${HEAD} gallery.enrol({ customerId: 'c', covers: () => true }, photos);`,
    ownClass: `${HEAD} class Forged { get customerId() { return 'c'; } covers() { return true; } } gallery.enrol(new Forged(), photos);`,
    made: `${HEAD} import { ConsentProof as Class } from '../appliance/consent/proof.js'; gallery.enrol(new Class(Symbol('consent') as never, 'c', 'd', new Set(['recognise'])), photos);`,
    madeFromType: `${HEAD} gallery.enrol(new ConsentProof(), photos);`,
    derived: `${HEAD} import { ConsentProof as Class } from '../appliance/consent/proof.js'; class Sub extends Class {} void Sub;`,
    visit: `${HEAD} visits.recogniseArrival('customer', 'recognised', 0.5);`,
    nullable: `${HEAD} const proof: ConsentProof | null = null as ConsentProof | null; gallery.enrol(proof, photos);`,
  })).map(([name, found]) => [name, found.map(({ code }) => code)] as const));
  const { right, ...wrong } = errors;
  t.strictSame(right, [], 'the right way compiles');
  for (const [name, codes] of Object.entries(wrong)) t.ok(codes.length > 0, name);
  t.ok(errors['made']!.includes(2673), `the constructor is private: ${errors['made']!.join()}`);
  t.ok(errors['madeFromType']!.includes(1361), `only the type leaves the room: ${errors['madeFromType']!.join()}`);
  t.ok(errors['literal']!.includes(2345), `no other object fits: ${errors['literal']!.join()}`);
  t.ok(errors['nullable']!.includes(2345));
});

function rooms(t: Test) {
  const open = openRooms(t);
  const { id } = open.customers.create({ displayName: '顾客' });
  return { ...open, id, grant: (purposes: ('recognise' | 'greet')[]) => open.grant(id, purposes) };
}
const photo = { embedding: new Embedding(Array.from({ length: 512 }, (_, i) => Math.sin(i))), pose: 'front' as const, norm: 3.5 };
const refused = (work: () => unknown) => {
  try {
    work();
    return 'accepted';
  } catch (error) {
    return isPorticoError(error) ? error.code : (error as Error).constructor.name;
  }
};

t.test('a proof is void when its transaction is over, however it ended', async (t) => {
  const { consent, gallery, visits, id, grant } = rooms(t);
  t.equal(consent.withProof(id, 'recognise', () => t.fail('nothing may run without consent')), null);
  grant(['recognise']);
  let kept: ConsentProof | null = null;
  t.equal(consent.withProof(id, 'recognise', (proof) => {
    t.equal(proof.customerId, id);
    kept = proof;
    return 'done';
  }), 'done');
  t.equal(refused(() => gallery.enrol(kept!, [photo])), 'consent_required');
  t.equal(refused(() => visits.recogniseArrival(kept!, 'recognised', 0.9)), 'consent_required');
  t.equal(refused(() => kept!.customerId), 'consent_required');
  t.throws(() => consent.withProof(id, 'recognise', (proof) => { kept = proof; throw new Error('broken off'); }), /broken off/);
  t.equal(refused(() => gallery.enrol(kept!, [photo])), 'consent_required');
  let later = 'not tried';
  t.equal(refused(() => consent.withProof(id, 'recognise', async (proof) => {
    await Promise.resolve();
    later = refused(() => gallery.enrol(proof, [photo]));
  })), 'TypeError', 'it cannot be kept alive by waiting');
  await new Promise((resolve) => { setImmediate(resolve); });
  t.equal(later, 'consent_required');
  t.equal(gallery.size(), 0);
});

t.test('nothing else passes for a proof at run time', async (t) => {
  const { gallery } = rooms(t);
  const forged = { customerId: 'c', covers: () => true };
  t.not(refused(() => gallery.enrol(forged as unknown as ConsentProof, [photo])), 'accepted');
  t.equal(gallery.size(), 0);
  const AnyClass = ProofClass as unknown as new (...values: unknown[]) => ConsentProof;
  t.throws(() => new AnyClass(Symbol('consent'), 'c', 'd', new Set(['recognise'])), TypeError);
  t.throws(() => new AnyClass(), TypeError);
  t.not(refused(() => gallery.enrol(Object.create(ProofClass.prototype) as ConsentProof, [photo])), 'accepted');
});

t.test('a proof covers what was agreed to and nothing more', async (t) => {
  const { consent, gallery, db, id, grant } = rooms(t);
  grant(['recognise']);
  t.equal(consent.covers(id, 'recognise'), true);
  t.equal(consent.covers(id, 'greet'), false);
  t.equal(consent.withProof(id, 'greet', () => t.fail('not agreed to')), null);
  consent.withProof(id, 'recognise', (proof) => {
    t.equal(proof.covers('greet'), false);
    gallery.enrol(proof, [photo]);
  });
  t.equal(gallery.photosOf(id), 1);
  t.throws(() => consent.withProof(id, 'recognise', (proof) => {
    gallery.enrol(proof, [photo, photo]);
    throw new Error('broken off');
  }));
  t.equal(gallery.photosOf(id), 1, 'what is broken off is taken back');
  t.equal(refused(() => consent.withProof(id, 'recognise', (proof) => gallery.enrol(proof, []))), 'RangeError');
  t.equal(gallery.photosOf(id), 1);
  t.equal(db.get<{ n: number }>('SELECT count(*) AS n FROM template_vector')!.n, 1);
});

t.test('the last day counts in the time zone of the store', async (t) => {
  const { consent, id, clock, grant } = rooms(t);
  const given = grant(['recognise']);
  const endOfLastDay = Date.parse(`${given.validUntil}T23:59:59.999+08:00`);
  clock.move(endOfLastDay - clock.now());
  t.equal(consent.covers(id, 'recognise'), true, 'the last millisecond');
  t.equal(consent.expireDue(), 0);
  clock.move(1);
  t.equal(consent.covers(id, 'recognise'), false, 'one later, also before the expiry job');
  t.equal(consent.expireDue(), 1);
  t.equal(consent.expireDue(), 0);
  t.match(consent.records.history(id), [{ endReason: 'expired' }]);
});
