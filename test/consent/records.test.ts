/** Seals, terms, notices, what becomes of records: the consent room on a real encrypted file. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { LinkTokens } from '../../appliance/consent/link.js';
import { sealOf, type SealedRow } from '../../appliance/consent/seal.js';
import { MIGRATIONS_DIRECTORY, openStorage } from '../../appliance/storage/index.js';
import { temporaryDirectory, TestClock } from '../support/scratch.js';
import { piecesOnDisk, query } from '../support/disk.js';
import { faceIn } from '../support/faces.js';
import { HOUR_MS, DAY_MS, BY, NOON, start, child, refused, told } from '../support/consents.js';

// ---- Seals -----------------------------------------------------------------------------------------------------

t.test('C5: whatever is changed of a signed consent, verification names it', async (t) => {
  const rooms = start(t);
  const { consent, db } = rooms;
  const [whole, id] = [rooms.customer(), rooms.customer()];
  rooms.sign(whole, { purposes: ['recognise', 'greet'] });
  const given = rooms.sign(id, { ...child('2015-03-01'), purposes: ['recognise', 'greet'] });
  t.match(given.seal, /^[0-9a-f]{64}$/);
  t.match(told(rooms, 'consent_given')[0], { customer: id, staff: 's', device: 'd', detail: { consentId: given.id, seal: given.seal } });
  t.strictSame(await consent.verifySeals(), { checked: 2, broken: [] });

  db.pragma('foreign_keys = OFF');
  const columns = db.all<{ name: string }>('PRAGMA table_info (consent)').map(({ name }) => name);
  t.ok(columns.length >= 17);
  for (const column of columns) {
    const value = db.get<{ value: string | number | null }>(`SELECT ${column} AS value FROM consent WHERE customer_id = ?`, id)!.value;
    const other = value === null ? (column === 'end_reason' ? 'expired' : rooms.clock.now()) : typeof value === 'number' ? value + 1 : value.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    const rowid = db.get<{ rowid: number }>('SELECT rowid FROM consent WHERE customer_id = ?', id)!.rowid;
    db.run(`UPDATE consent SET ${column} = ? WHERE rowid = ?`, other, rowid);
    t.strictSame(await consent.verifySeals(), { checked: 2, broken: column === 'id' ? [other, given.id] : [given.id] }, column);
    db.run(`UPDATE consent SET ${column} = ? WHERE rowid = ?`, value, rowid);
    t.strictSame((await consent.verifySeals()).broken, [], `${column} put back`);
  }

  const broken = async () => (await consent.verifySeals()).broken;
  const taken = db.get<Record<string, string | number | null>>('SELECT * FROM consent WHERE id = ?', given.id)!;
  db.run('DELETE FROM consent WHERE id = ?', given.id);
  t.strictSame(await consent.verifySeals(), { checked: 1, broken: [given.id] }, 'taken out as a whole');
  db.run(`INSERT INTO consent (${Object.keys(taken).join(', ')}) VALUES (${Object.keys(taken).map(() => '?').join(', ')})`, ...Object.values(taken));
  t.strictSame(await broken(), []);
  const signature = db.get<{ signature: string }>('SELECT signature FROM consent WHERE id = ?', given.id)!.signature;
  for (let at = 0; at < signature.length; at += 7) {
    const bytes = Buffer.from(signature);
    bytes[at]! ^= 1;
    db.run('UPDATE consent SET signature = ? WHERE id = ?', bytes.toString('latin1'), given.id);
    t.strictSame(await broken(), [given.id], `one bit of byte ${at} of the strokes`);
  }
  db.run('UPDATE consent SET signature = ? WHERE id = ?', signature, given.id);
  t.strictSame(await broken(), []);

  db.run(`INSERT INTO consent_purpose (consent_id, purpose) VALUES (?, 'keep_photo')`, given.id);
  t.strictSame(await broken(), [given.id], 'a purpose that nobody ticked');
  db.run(`DELETE FROM consent_purpose WHERE consent_id = ? AND purpose = 'keep_photo'`, given.id);

  const row = db.get<SealedRow>('SELECT * FROM consent WHERE id = ?', given.id)!;
  db.run('UPDATE consent SET valid_until = ?, seal = ? WHERE id = ?', '2027-01-01', sealOf({ ...row, valid_until: '2027-01-01' }), given.id);
  t.strictSame(await broken(), [given.id], 'record and seal changed together: the chain knows another seal');
  db.run('UPDATE consent SET seal = NULL WHERE id = ?', given.id);
  consent.prepare('店');
  t.strictSame(await broken(), [given.id], 'nor does a restart seal it anew');
  db.run('UPDATE consent SET valid_until = ?, seal = ? WHERE id = ?', row.valid_until, given.seal, given.id);
  t.strictSame(await broken(), []);

  db.run(`UPDATE notice_section SET text = text || '!' WHERE language = 'en' AND field = 'purpose'`);
  t.equal((await broken()).length, 2, 'another text under both');
  db.run(`UPDATE notice_section SET text = substr(text, 1, length(text) - 1) WHERE language = 'en' AND field = 'purpose'`);

  db.run(`INSERT INTO consent SELECT 'forged', customer_id, notice_id, notice_hash, language, given_at_ms, valid_until, staff_id, device_id, signature, 1, 'expired',
    purposes_given, guardian_name, guardian_relation, child_birth_day, NULL FROM consent WHERE id = ?`, given.id);
  db.run(`UPDATE consent SET seal = ? WHERE id = 'forged'`, sealOf({ ...row, id: 'forged' }));
  t.strictSame(await broken(), ['forged'], 'one that nobody gave, with a seal that fits');
  db.run(`DELETE FROM consent WHERE id = 'forged'`);

  consent.withdraw(id, BY, ['greet']);
  t.strictSame(await broken(), []);
  db.run('UPDATE consent_purpose SET withdrawn_at_ms = NULL WHERE consent_id = ?', given.id);
  t.strictSame(await broken(), [given.id], 'a purpose that was taken back, brought back');
  rooms.clock.move(1);
  consent.withdraw(id);
  t.strictSame(await broken(), [given.id]);
  db.run(`DELETE FROM consent_purpose WHERE consent_id = ? AND purpose = 'greet'`, given.id);
  t.strictSame(await broken(), [given.id], 'nor does it help to delete that it was ever ticked');
  db.run(`INSERT INTO consent_purpose (consent_id, purpose, withdrawn_at_ms) VALUES (?, 'greet', ?)`, given.id, NOON);
  t.strictSame(await broken(), []);
  db.run(`UPDATE consent_purpose SET withdrawn_at_ms = withdrawn_at_ms + 1 WHERE consent_id = ? AND purpose = 'greet'`, given.id);
  t.strictSame(await broken(), [given.id], 'taken back at another time');
  db.run(`UPDATE consent_purpose SET withdrawn_at_ms = ? WHERE consent_id = ? AND purpose = 'greet'`, NOON, given.id);

  const end = db.get<{ ended_at_ms: number; end_reason: string }>('SELECT ended_at_ms, end_reason FROM consent WHERE id = ?', given.id)!;
  for (const [ms, reason] of [[end.ended_at_ms + 8 * HOUR_MS, 'withdrawn'], [end.ended_at_ms + 1, 'withdrawn'], [end.ended_at_ms, 'expired'], [null, null], [null, 'withdrawn']] as const) {
    db.run('UPDATE consent SET ended_at_ms = ?, end_reason = ? WHERE id = ?', ms, reason, given.id);
    t.strictSame(await broken(), [given.id], `withdrawn at ${ms}, ${reason}`);
  }
  db.run('UPDATE consent SET ended_at_ms = ?, end_reason = ? WHERE id = ?', end.ended_at_ms, end.end_reason, given.id);
  t.strictSame(await broken(), []);
  db.run('DELETE FROM consent WHERE id = ?', given.id);
  t.strictSame(await broken(), [given.id], 'ended minutes ago, and deleted outright');
});

t.test('no two records have the same seal', async (t) => {
  const text = fc.string({ maxLength: 12, unit: fc.constantFrom('a', '"', '\\', ',', '中', '\n', '[', ']') });
  const row: fc.Arbitrary<SealedRow> = fc.record({
    id: text, customer_id: text, notice_id: text, notice_hash: text, language: fc.constantFrom('zh-CN', 'en'), given_at_ms: fc.integer(), valid_until: text,
    staff_id: text, device_id: text, signature: text, purposes_given: text, guardian_name: fc.option(text), guardian_relation: fc.option(text), child_birth_day: fc.option(text),
  });
  t.doesNotThrow(() => fc.assert(fc.property(row, row, (one, other) => {
    const same = (Object.keys(one) as (keyof SealedRow)[]).every((key) => one[key] === other[key]);
    return (sealOf(one) === sealOf(other)) === same && sealOf({ ...one }) === sealOf(one);
  }), { numRuns: 500 }));
  // Characters that move from one field into its neighbour, where everything else is the same.
  t.doesNotThrow(() => fc.assert(fc.property(row, text, (one, moved) =>
    moved === '' || sealOf({ ...one, id: one.id + moved }) !== sealOf({ ...one, customer_id: moved + one.customer_id }))));
});

t.test('a link opens the consent that it was made for, and nothing else opens any', async (t) => {
  const one = new LinkTokens(start(t));
  const other = new LinkTokens(start(t));
  t.doesNotThrow(() => fc.assert(fc.property(fc.uuid(), (id) => one.read(one.make(id)) === id && other.read(one.make(id)) === null && one.make(id) === one.make(id))));
  t.doesNotThrow(() => fc.assert(fc.property(fc.uuid(), fc.nat({ max: 47 }), fc.integer({ min: 1, max: 63 }), (id, at, turn) => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const token = one.make(id);
    const wrong = alphabet[(alphabet.indexOf(token[at]!) + turn) % 64]!;
    return one.read(token.slice(0, at) + wrong + token.slice(at + 1)) === null; // any one character
  })));
  const anything = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.base64String({ minLength: 40, maxLength: 60 }));
  t.doesNotThrow(() => fc.assert(fc.property(anything, (token) => one.read(token) === null)));
});

t.test('consents from before there were seals are sealed late, once, and verify from then on', async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const before = temporaryDirectory(t);
  for (const file of ['0001-first.sql', '0002-recognition.sql']) copyFileSync(join(MIGRATIONS_DIRECTORY, file), join(before, file));
  const old = openStorage({ dataDirectory, credentialsDirectory: null, maxBytes: null, clock: new TestClock(NOON - 90 * DAY_MS), migrationsDirectory: before });
  old.db.exec(`
    INSERT INTO staff (id, name, role, pin_hash, created_at_ms) VALUES ('s', '店长', 'manager', 'x', 0);
    INSERT INTO device (id, name, token_hash, paired_at_ms) VALUES ('d', 'iPad', x'00', 0);
    INSERT INTO customer (id, display_name, created_at_ms) VALUES ('c', '顾客', 1);
    INSERT INTO notice (id, version, hash, max_term_days, published_at_ms) VALUES ('n', 1, 'e3', 366, 5);
    INSERT INTO consent (id, customer_id, notice_id, notice_hash, language, given_at_ms, valid_until, staff_id, device_id, signature)
      VALUES ('k', 'c', 'n', 'e3', 'en', ${NOON - 100 * DAY_MS}, '2026-12-31', 's', 'd', '{}');
    INSERT INTO consent_purpose VALUES ('k', 'recognise'), ('k', 'contact'), ('k', 'greet');`);
  old.close();
  const { consent, db } = start(t, { dataDirectory });
  const [record] = consent.records.history('c');
  t.match(record, { purposes: ['recognise', 'contact', 'greet'], outdated: false, guardian: null });
  t.match(record!.seal, /^[0-9a-f]{64}$/);
  const sealed = () => told({ db }, 'consent_given');
  t.match(sealed(), [{ staff: null, detail: { consentId: 'k', late: true, endedAtMs: null, seal: record!.seal, purposes: 'recognise,contact,greet' } }]);
  consent.prepare('店');
  t.equal(sealed().length, 1);
  t.ok(consent.covers('c', 'recognise'), 'a product update with another built-in text is no material change');
  t.match([consent.currentNotice().version, consent.notices.isBehindBuiltIn()], [1, true], 'it waits to be looked at');
  t.strictSame((await consent.verifySeals()).broken, ['k'], 'the text it was given under is not what its hash says');
  db.run(`UPDATE notice SET hash = ? WHERE id = 'n'`, '4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945');
  t.strictSame((await consent.verifySeals()).broken, ['k'], 'nor does it help to change the hash of the notice alone');
});

t.test('what the audit log no longer holds is checked against its own seal', async (t) => {
  const { audit, clock, consent, customer, db, sign } = start(t);
  const given = sign(customer());
  clock.move(185 * DAY_MS);
  sign(customer(), { validUntil: '2027-06-01' });
  t.ok(audit.prune(clock.now()) > 0);
  t.strictSame(await consent.verifySeals(), { checked: 2, broken: [] });
  db.run(`UPDATE consent SET valid_until = '2026-12-30' WHERE id = ?`, given.id);
  t.strictSame((await consent.verifySeals()).broken, [given.id]);
});

// ---- Ends ------------------------------------------------------------------------------------------------------

t.test('C3: a consent that ran out is expired when signed anew, not replaced: its template does not live on', async (t) => {
  const rooms = start(t);
  const { clock, consent, gallery, sign } = rooms;
  const id = rooms.customer();
  sign(id, { validUntil: '2026-06-16' });
  rooms.enrol(id);
  clock.move(3 * DAY_MS); // and the hourly job has not come yet
  sign(id);
  t.match(consent.records.history(id), [{ endReason: null }, { endReason: 'expired' }]);
  t.equal(gallery.photosOf(id), 0);
  t.ok(consent.covers(id, 'recognise'));
});

t.test('C3: no consent without an end, and the job deletes what rested on it', async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const rooms = start(t, { dataDirectory });
  const { clock, consent, sign } = rooms;
  const id = rooms.customer();
  for (const validUntil of ['9999-12-31', '2027-06-17']) t.match(refused(() => sign(id, { validUntil })), { code: 'consent_term_invalid', details: { lastDay: '2027-06-16' } });
  sign(id, { validUntil: '2027-06-16' });
  rooms.enrol(id);
  const [secret] = faceIn(rooms.db, id).photos;
  t.ok(piecesOnDisk(dataDirectory, secret!) > 20, 'before: the search through the disk finds it');
  clock.move(Date.parse('2027-06-17T00:00:00+08:00') - clock.now());
  t.equal(consent.expireDue(), 1);
  t.equal(piecesOnDisk(dataDirectory, secret!), 0);
  t.equal(rooms.gallery.photosOf(id), 0);
});

t.test('C3: a consent from a clock that was far ahead does not count, nor beyond the longest term of its notice', async (t) => {
  const rooms = start(t);
  const { clock, consent, db, sign } = rooms;
  const id = rooms.customer();
  clock.move(5 * 366 * DAY_MS);
  sign(id, { validUntil: '2031-12-31' });
  rooms.enrol(id);
  t.ok(consent.covers(id, 'recognise'));
  clock.move(-5 * 366 * DAY_MS);
  t.notOk(consent.covers(id, 'recognise'), 'signed in five years');
  t.match(consent.records.history(id)[0], { outdated: true, endedAt: null }, 'the page asks to sign anew');
  t.match(consent.records.counts(), { outdated: 1 });
  t.equal(consent.expireDue(), 0, 'nor is anything deleted by it: the clock of now may be the wrong one');
  t.equal(rooms.gallery.photosOf(id), 1);
  sign(id);
  t.ok(consent.covers(id, 'recognise'));
  clock.move(-20 * HOUR_MS);
  t.ok(consent.covers(id, 'recognise'), 'hours are a time zone set by hand');
  clock.move(20 * HOUR_MS);

  db.run(`UPDATE consent SET valid_until = '2031-12-31' WHERE ended_at_ms IS NULL`);
  clock.move(365 * DAY_MS);
  t.ok(consent.covers(id, 'recognise'));
  clock.move(3 * DAY_MS);
  t.notOk(consent.covers(id, 'recognise'), 'whatever was written down: at most 366 days');
  t.equal(consent.expireDue(), 0, 'each hour what is written down counts');
  t.equal(consent.expireDue(true), 1, 'at a start and each night the term of the notice too');
  t.equal(rooms.gallery.photosOf(id), 0);
});

t.test('C2: with consents given to the former name, a changed name of the store is not published by a start', async (t) => {
  const { consent, customer, sign } = start(t);
  consent.prepare('新店名');
  t.match([consent.currentNotice().version, consent.notices.isBehindBuiltIn()], [2, false], 'nobody agreed yet');
  sign(customer());
  consent.prepare('又改了名');
  t.equal(consent.currentNotice().version, 2);
  t.ok(consent.notices.isBehindBuiltIn(), 'a task of the office');
  t.match(consent.notices.draft(), { changed: true, savedAt: null, builtIn: { length: 4 } }, 'the draft begins with the box\'s text, which is no more the store\'s own than before');
  consent.notices.publish(true, BY);
  t.match(consent.currentNotice().sections[0]!.text, /又改了名/);
  t.notOk(consent.notices.isBehindBuiltIn());
  t.match(consent.records.counts(), { outdated: 1 }, 'the officer said that it is material');
});

t.test('C2: with consents given, an update publishes other words for why, and no other kinds, terms or rights', async (t) => {
  const { consent, customer, db, sign } = start(t);
  /** As if the version before had come with another text. */
  const before = (field: string) => {
    db.run(`UPDATE notice_section SET text = '旧' WHERE field = ? AND language = 'zh-CN'`, field);
    db.run(`UPDATE notice SET hash = 'old' WHERE version = (SELECT max(version) FROM notice)`);
  };
  const version = () => consent.currentNotice().version;
  before('kinds');
  consent.prepare('店');
  t.equal(version(), 2, 'nobody agreed yet');
  sign(customer());
  before('necessity');
  consent.prepare('店');
  t.strictSame([version(), consent.notices.isBehindBuiltIn()], [3, false]);
  for (const field of ['kinds', 'retention', 'rights']) {
    before(field);
    consent.prepare('店');
    t.strictSame([version(), consent.notices.isBehindBuiltIn()], [3, true], field);
  }
  consent.notices.publish(false, BY);
  t.strictSame([version(), consent.notices.isBehindBuiltIn(), consent.notices.isUnreviewed()], [4, false, true]);
});

t.test('while processing is restricted nothing rests on consent and nobody is asked', async (t) => {
  const { consent, customer, sign } = start(t);
  const [id, other] = [customer(), customer()];
  for (const each of [id, other]) sign(each);
  let restricted = id;
  consent.restrictWith((customerId) => customerId === restricted);
  t.notOk(consent.covers(id, 'recognise'));
  t.equal(consent.withProof(id, 'recognise', () => t.fail('nothing may run')), null);
  t.match(refused(() => consent.ask(id, BY)), { code: 'customer_restricted' });
  t.match(refused(() => sign(id)), { code: 'customer_restricted' });
  t.ok(consent.covers(other, 'recognise'));
  restricted = '';
  t.ok(consent.covers(id, 'recognise'));
  restricted = id;
  t.equal(consent.withdraw(id).customerId, id, 'withdrawing is always possible');
});

t.test('the records go with the dossier, strokes and guardian from the disk too', async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const rooms = start(t, { dataDirectory });
  const { consent, sign } = rooms;
  const [id, other] = [rooms.customer(), rooms.customer()];
  const strokes = [Array.from({ length: 200 }, (_, i) => ({ x: i, y: Math.round(100 + 50 * Math.sin(i)), t: i * 16 }))];
  const signature = { width: 600, height: 200, strokes };
  for (const each of [id, other]) sign(each, { ...child('2015-01-01'), ...(each === id ? { signature } : {}) });
  consent.refuse(id, BY);
  const secret = Buffer.from(JSON.stringify(signature));
  t.throws(() => consent.eraseRecords(id), /must end/);
  consent.withdraw(id);
  t.ok(piecesOnDisk(dataDirectory, secret) > 20, 'before');
  t.equal(consent.eraseRecords(id), 2);
  rooms.db.truncateLog();
  t.equal(piecesOnDisk(dataDirectory, secret), 0);
  t.strictSame([consent.records.history(id).length, consent.records.history(other).length, consent.eraseRecords(id)], [0, 1, 0]);
  t.equal((await consent.verifySeals()).broken.length, 1, 'the log does not say that this dossier was erased');
  rooms.audit.record('dossier_erased', BY, { customerId: id });
  t.equal((await consent.verifySeals()).broken.length, 1, 'nor was it');
  rooms.customers.erase(id, () => consent.refusals.deleteOf(id));
  t.strictSame(await consent.verifySeals(), { checked: 1, broken: [] });
  t.strictSame(query(dataDirectory, `SELECT 1 FROM consent_purpose WHERE consent_id NOT IN (SELECT id FROM consent)`), []);
});

t.test('old records go by their term, none that holds', async (t) => {
  const { clock, consent, customer, sign } = start(t);
  const [gone, held] = [customer(), customer()];
  for (const id of [gone, held]) sign(id);
  consent.withdraw(gone);
  consent.refuse(held, BY);
  const [records, refusals] = [consent.records.retention, consent.refusals.retention];
  t.match([records, refusals], [{ kind: 'consent_records' }, { kind: 'refusals' }]);
  t.strictSame([records.count(), refusals.count()], [2, 1]);
  t.equal(records.deleteBefore(clock.now(), []), 0);
  clock.move(100 * DAY_MS);
  t.strictSame([records.deleteBefore(clock.now(), []), refusals.deleteBefore(clock.now() - DAY_MS, [])], [1, 1]);
  t.strictSame([records.count(), refusals.count(), consent.records.history(gone).length], [1, 0, 0]);
  t.ok(consent.covers(held, 'recognise'));
});

t.test('what ended while the clock stood years back goes by when it really ended, and so does what tells of it', async (t) => {
  const { clock, consent, customer, db, erasure, sign, enrol } = start(t);
  const wrong = customer();
  sign(wrong);
  enrol(wrong);
  const now = clock.now();
  clock.move(Date.parse('2000-01-01T00:00:00Z') - now); // a dead battery
  consent.withdraw(wrong);
  clock.move(now - clock.now());
  t.match(erasure.ofCustomer(wrong), [{ requestedAt: /^2000-/, completedAt: /^2000-/ }]);
  const term = () => clock.now() - 1_096 * DAY_MS;
  t.strictSame([consent.records.retention.deleteBefore(term(), []), erasure.prune(term(), [])], [0, 0]);
  // Later ones in the right order.
  const [next, last] = [customer(), customer()];
  for (const id of [next, last]) {
    clock.move(DAY_MS);
    sign(id);
    consent.withdraw(id);
  }
  clock.move(1_095.5 * DAY_MS);
  t.equal(erasure.prune(term(), [next]), 1, 'the oldest; not one whose customer\'s data waits');
  t.strictSame([wrong, next, last].map((id) => erasure.ofCustomer(id).length), [0, 1, 1]);
  t.equal(erasure.prune(term(), []), 1);
  t.equal(consent.records.retention.deleteBefore(term(), [wrong]), 1, 'the one that waits stays');
  t.equal(consent.records.retention.deleteBefore(term(), []), 1);
  // Even where the log does not reach back: never past one that stays.
  clock.move(-3_000 * DAY_MS);
  const again = customer();
  sign(again, { validUntil: '2021-12-31' });
  consent.withdraw(again);
  db.run('DELETE FROM audit_entry WHERE seq > 0');
  clock.move(3_000 * DAY_MS);
  t.equal(erasure.prune(term(), []), 0);
  t.equal(erasure.ofCustomer(again).length, 1);
});
