/** Withdrawing in the middle of it all: deleted at once, everywhere, byte by byte. */
import { text } from 'node:stream/consumers';
import tls from 'node:tls';
import t from 'tap';
import type { CameraMessage, Dossier, WithdrawalReceipt } from '../../appliance/contract/index.js';
import { startBox, TestClock } from '../support/box.js';
import { decryptedPages, filesBelow, piecesIn, piecesOnDisk, query } from '../support/disk.js';
import { faceOnDisk } from '../support/faces.js';
import { portrait, scene } from '../support/scene.js';
import { lookAtOne } from '../support/sockets.js';
import { enrolPerson } from '../support/store.js';

/** How much of the pieces of `secret` are on the disk, 0..1; page breaks cut some. */
const shareOnDisk = (secret: Buffer) => piecesOnDisk(box.dataDirectory, secret) / Math.floor(secret.length / 64);

const box = await startBox(t, { clock: new TestClock() });

t.test('C9: withdrawal while the camera streams', async (t) => {
  const leaving = await enrolPerson(box, 'P18', { displayName: '要离开的人' });
  const staying = await enrolPerson(box, 'P20');
  const live = await box.owner.live().opened();
  await live.nextOf('live.snapshot');
  const camera = await box.owner.camera('look_up').opened();
  await camera.nextOf('camera.ready');
  const frame = await scene(
    { picture: await portrait('P18'), x: 360, y: 360, height: 420 }, { picture: await portrait('P20'), x: 920, y: 360, height: 420 });
  const { photos, means, clear } = faceOnDisk(box.dataDirectory, leaving);
  t.strictSame([photos.length, means.length, clear.length], [1, 1, 2]);
  for (const stored of [...photos, ...means]) t.ok(shareOnDisk(stored) > 0.75, 'before: the search through the disk finds it');
  for (const never of clear) t.equal(shareOnDisk(never), 0, 'never as the model gave it');
  const secrets = [...photos, ...means, ...clear];

  // Two frames always under way; after the receipt not one frame sent may name who left.
  let sent = 0;
  let sentWhenGone = Infinity;
  let withdrawing: Promise<WithdrawalReceipt> | null = null;
  const results: Extract<CameraMessage, { type: 'camera.result' }>['data'][] = [];
  const send = () => { camera.socket.send(frame); sent += 1; };
  send();
  send();
  const seenAfter = () => results.filter((result) => result.frame > sentWhenGone);
  while (seenAfter().length < 4 && results.length < 400) {
    const message = await camera.next();
    t.equal(message.type, 'camera.result');
    if (message.type !== 'camera.result') return;
    results.push(message.data);
    send();
    if (results.length === 5) {
      withdrawing = box.owner.call<WithdrawalReceipt>('POST', `/customers/${leaving}/consents/withdraw`);
      void withdrawing.then(() => { sentWhenGone = sent; });
    }
  }
  const receipt = await withdrawing!;
  t.match(receipt, { customerId: leaving, templatesDeleted: 1, purposesLeft: [], deletion: { scope: 'face', reason: 'withdrawn', keyDestroyed: true } });
  t.type(receipt.deletion!.completedAt, 'string', 'all done with the answer');
  const named = (faces: typeof results[number]['faces'], id: string) => faces.some((face) => face.person?.customerId === id);
  t.ok(results.slice(1, 5).every(({ faces }) => named(faces, leaving)), 'known until then');
  const after = seenAfter();
  t.equal(after.length, 4, 'frames were seen after the receipt');
  for (const { faces, frame: number } of after) {
    t.notOk(named(faces, leaving), `frame ${number}`);
    t.ok(named(faces, staying), `frame ${number}: the other is still known`);
    t.equal(faces.length, 2);
  }

  const closed = await live.nextOf('visit.closed');
  t.match(closed.data, { customerId: leaving, reason: 'consent_withdrawn' });
  const dossier = await box.owner.call<Dossier>('GET', `/customers/${leaving}`);
  t.match(dossier, { enrolled: false, templatePhotos: 0, openVisitId: null });
  t.equal(dossier.consents[0]!.endReason, 'withdrawn');

  for (const [index, secret] of secrets.entries()) {
    t.equal(piecesOnDisk(box.dataDirectory, secret), 0, `template ${index}: not one piece is left in any page or in the log`);
    for (const { path, bytes } of filesBelow(box.dataDirectory)) t.notOk(bytes.includes(secret.subarray(0, 64)), path);
  }
  t.ok(shareOnDisk(faceOnDisk(box.dataDirectory, staying).photos[0]!) > 0.75, 'the other template is there');
  t.ok(decryptedPages(box.dataDirectory).some((page) => page.includes('要离开的人')), 'the dossier stays');
});

t.test('C13: without consent to keep it, nothing of a photo is on the disk, in any table or in the log', async (t) => {
  const image = await scene({ picture: await portrait('P21'), x: 640, y: 360, height: 500 });
  const id = await enrolPerson(box, 'P21', { photos: [image] });
  // Of the bytes those that are this picture's alone: JPEGs of one maker begin alike, and a plain wall is the same everywhere.
  const own = Array.from({ length: Math.floor(image.length / 64) - 16 }, (_, i) => image.subarray(1_024 + 64 * i, 1_088 + 64 * i))
    .filter((piece) => new Set(piece).size > 40);
  const pieces = (bytes: Buffer) => own.filter((piece) => bytes.includes(piece)).length;
  t.ok(own.length > 200 && pieces(image) === own.length, `the search finds ${own.length} pieces where they are`);
  t.equal(pieces(Buffer.concat(decryptedPages(box.dataDirectory))), 0);
  for (const { path, bytes } of filesBelow(box.dataDirectory)) t.equal(pieces(bytes), 0, path);
  t.notOk(Buffer.concat(decryptedPages(box.dataDirectory)).includes(Buffer.of(0xff, 0xd8, 0xff)), 'no other JPEG either');
  const log = box.logged();
  for (const form of ['base64', 'hex'] as const) t.notOk(log.includes(image.subarray(2_048, 2_096).toString(form)), form);
  t.notMatch(log, /JFIF|data:image/);
  t.strictSame(query(box.dataDirectory, `SELECT 1 FROM kept_photo WHERE customer_id = '${id}'`), []);
  await box.owner.call('POST', `/customers/${id}/consents/withdraw`);
});

t.test('a stolen disk: without the key no file holds a name, a number, a note or a vector', async (t) => {
  const [name, phone, note] = ['欧阳清越', '13912345678', '周三下午常来取表'];
  const id = await enrolPerson(box, 'P21', { displayName: name, phone, purposes: ['recognise', 'keep_photo'] });
  await box.owner.call('POST', `/customers/${id}/notes`, { text: note });
  const { photos, pictures, means, clear } = faceOnDisk(box.dataDirectory, id);
  const texts = [name, phone, note].flatMap((text) => [Buffer.from(text), Buffer.from(text, 'utf16le')]);
  const inClear = Buffer.concat(decryptedPages(box.dataDirectory));
  for (const text of [name, phone, note]) t.ok(inClear.includes(text), `with the key: ${text}`);
  const files = filesBelow(box.dataDirectory).filter(({ path }) => !path.endsWith('db-key'));
  t.ok(['portico.db', 'portico.db-wal', 'vault.db', 'vault.db-wal'].every((file) => files.some(({ path }) => path.endsWith(file))));
  for (const { path, bytes } of files) {
    for (const text of texts) t.notOk(bytes.includes(text), path);
    for (const secret of [...photos, ...pictures, ...means, ...clear]) t.equal(piecesIn([bytes], secret), 0, path);
  }
  await box.owner.call('POST', `/customers/${id}/consents/withdraw`);
});

t.test('C9, C10: withdrawing leaves a deletion that is complete, and a trail in the audit chain', async (t) => {
  const id = await enrolPerson(box, 'P21');
  const { deletion } = await box.owner.call<WithdrawalReceipt>('POST', `/customers/${id}/consents/withdraw`);
  t.match(deletion, { customerId: id, scope: 'face', reason: 'withdrawn', templatesDeleted: 1, keyDestroyed: true, completedAt: String });
  const trail = query<{ action: string; staff_id: string | null; detail: string }>(box.dataDirectory,
    `SELECT action, staff_id, detail FROM audit_entry WHERE customer_id = '${id}' AND action IN ('consent_ended', 'face_deleted', 'deletion_completed') ORDER BY seq`);
  t.strictSame(trail.map(({ action, staff_id }) => [action, staff_id]), [['consent_ended', box.ownerId], ['face_deleted', null], ['deletion_completed', null]]);
  for (const { detail } of trail) t.equal((JSON.parse(detail) as { deletionId: string }).deletionId, deletion!.id);
});

t.test('C9: whatever the Host header says, a withdrawal is answered', async (t) => {
  const { id } = await box.owner.createCustomer({ displayName: '怪地址' });
  const cookie = box.owner.cookieHeader();
  const { port } = new URL(box.url);
  /** By hand: clients refuse to send such a header. */
  const withdraw = async (host: string): Promise<string> => {
    const socket = tls.connect({ host: '127.0.0.1', port: Number(port), ca: box.appliance.rootPem, servername: 'localhost' });
    socket.write(`POST /api/v1/customers/${id}/consents/withdraw HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    return text(socket);
  };
  for (const host of ['', '[', 'a b', 'x:99999', '%', '/', '?', '#', ':', '[::1', '門店', 'u:p@', 'localhost:', '..', '1.2.3.999']) {
    await box.owner.giveConsent(id);
    const answer = await withdraw(host);
    t.match(answer, /^HTTP\/1\.1 200 /, host);
    t.match(answer, /"receiptUrl":"https:\/\/[\w.[\]:-]+\/receipt#eyJ/, host);
  }
});

t.test('photos kept with consent go with the withdrawal, or when it is signed anew without them', async (t) => {
  const endings: Record<string, (id: string) => Promise<unknown>> = {
    withdrawn: (id) => box.owner.call('POST', `/customers/${id}/consents/withdraw`),
    'signed anew': (id) => box.owner.giveConsent(id, { purposes: ['recognise', 'greet'] }),
  };
  for (const [ending, end] of Object.entries(endings)) {
    const id = await enrolPerson(box, 'P21', { purposes: ['recognise', 'keep_photo'] });
    const { pictures: [picture, ...others], clear } = faceOnDisk(box.dataDirectory, id);
    t.equal(others.length, 0);
    t.ok(picture!.length > 4_096, `${picture!.length} bytes: more than a page`);
    t.ok(shareOnDisk(picture!) > 0.8, `${ending}: before`);
    t.equal(shareOnDisk(clear.at(-1)!), 0, `${ending}: never in clear`);
    await end(id);
    t.equal(shareOnDisk(picture!), 0, `${ending}: after`);
    const { consents, enrolled, template } = await box.owner.call<Dossier>('GET', `/customers/${id}`);
    t.match(template, ending === 'withdrawn' ? null : { photosKept: false });
    t.equal(enrolled, ending !== 'withdrawn', 'what the new consent covers stays');
    if (enrolled) await box.owner.call('POST', `/customers/${id}/consents/withdraw`);
    t.equal(consents.length, enrolled ? 2 : 1);
  }
});

t.test('a template that is replaced leaves nothing of the old one', async (t) => {
  const id = await enrolPerson(box, 'P21');
  const { photos: [old], means: [oldMean] } = faceOnDisk(box.dataDirectory, id);
  await box.owner.enrol(id, [await portrait('P21').then((picture) => scene({ picture, x: 640, y: 360, height: 500 }))]);
  await box.owner.call('POST', `/customers/${id}/consents/withdraw`);
  t.strictSame([shareOnDisk(old!), shareOnDisk(oldMean!)], [0, 0]);
});

t.test('a page that comes back after a withdrawal is not told what was said before it', async (t) => {
  const id = await enrolPerson(box, 'P18', { displayName: '曾经的名字' });
  const live = await box.owner.live().opened();
  const { epoch, revision } = await live.nextOf('live.snapshot');
  const camera = await box.owner.camera('look_up').opened();
  const frame = await scene({ picture: await portrait('P18'), x: 640, y: 360, height: 420 });
  await lookAtOne(camera, frame);
  await lookAtOne(camera, frame);
  t.match((await live.nextOf('visit.opened')).data.visit.displayName, '曾经的名字');
  await box.owner.call('POST', `/customers/${id}/consents/withdraw`);
  const back = await box.owner.live({ epoch, since: revision }).opened();
  const first = await back.next();
  t.equal(first.type, 'live.snapshot', 'no replay of what has to be forgotten');
  t.notOk(JSON.stringify(first).includes('曾经的名字'));
});

t.test('nor what rested on one purpose that was taken back, nor what was said before a restriction', async (t) => {
  const { id } = await box.owner.createCustomer({ displayName: '只撤一项' });
  await box.owner.giveConsent(id, { purposes: ['recognise', 'preferences'] });
  const live = await box.owner.live().opened();
  const { epoch, revision } = await live.nextOf('live.snapshot');
  await box.owner.call('POST', '/visits', { customerId: id });
  await box.owner.call('PATCH', `/customers/${id}`, { facts: ['爱喝龙井'] });
  t.match((await live.nextOf('visit.updated')).data.visit.facts, [{ value: { text: '爱喝龙井' } }]);
  await box.owner.call('POST', `/customers/${id}/consents/withdraw`, { purposes: ['preferences'] });
  t.strictSame((await live.nextOf('customer.forgotten')).data, { customerId: id, erased: false }, 'nor is it shown any longer after a visit');
  const back = await box.owner.live({ epoch, since: revision }).opened();
  const first = await back.next();
  t.equal(first.type, 'live.snapshot');
  t.notOk(JSON.stringify(first).includes('龙井'));
});

t.test('the withdrawn are forgotten by enrolments under way, and can agree again', async (t) => {
  const customer = await box.owner.createCustomer({ displayName: '再来一次' });
  await box.owner.giveConsent(customer.id);
  const { enrolmentId } = await box.owner.call<{ enrolmentId: string }>('POST', `/customers/${customer.id}/enrolments`);
  const taken = await box.owner.send<{ accepted: boolean }>('POST', `/api/v1/enrolments/${enrolmentId}/photos?pose=any`, await portrait('P18'));
  t.equal(taken.body.accepted, true);
  t.equal((await box.owner.call<WithdrawalReceipt>('POST', `/customers/${customer.id}/consents/withdraw`)).templatesDeleted, 0);
  const finish = await box.owner.send<{ code: string }>('POST', `/api/v1/enrolments/${enrolmentId}/finish`, { acceptFewer: true });
  t.match(finish, { status: 404, body: { code: 'enrolment_not_found' } });
  t.match(await box.owner.send('POST', `/api/v1/customers/${customer.id}/consents/withdraw`), { status: 409, body: { code: 'consent_not_active' } });
  await box.owner.giveConsent(customer.id);
  await box.owner.enrol(customer.id, [await portrait('P18')]);
  t.equal((await box.owner.call<Dossier>('GET', `/customers/${customer.id}`)).enrolled, true);
});
