/** Whole dossiers: an older database brings none of them back, whatever it says about who was merged into whom. */
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { CustomerSummary, Deletion, Dossier, KeySet } from '../../appliance/contract/index.js';
import { systemClock } from '../../appliance/kit/index.js';
import { findStatement, verifyStatement } from '../../appliance/papers/index.js';
import { newVault } from '../../cli/vault.js';
import { OWNER_PIN, startBox, temporaryDirectory, type TestBox } from '../support/box.js';
import { DATABASE, decryptedPages } from '../support/disk.js';
import { refusal } from '../support/failures.js';
import { addMember } from '../support/office.js';

const dataDirectory = temporaryDirectory(t);
const names = async (box: TestBox) => (await box.owner.call<CustomerSummary[]>('GET', '/customers')).map(({ displayName }) => displayName).sort();
/** Another life of the same box, with the owner signed in on a new device. */
const startAgain = async (): Promise<TestBox> => {
  const box = await startBox(t, { dataDirectory });
  const { code } = box.appliance.makePairingCode();
  await box.owner.pair(code, 'iPad');
  const [owner] = await box.owner.call<{ id: string }[]>('GET', '/staff');
  await box.owner.signIn(owner!.id, OWNER_PIN);
  return box;
};

t.test('C11: an older database brings back neither who was erased, nor a dossier merged into theirs, nor stops the start', async (t) => {
  const first = await startBox(t, { dataDirectory });
  const kept = await first.owner.createCustomer({ displayName: '安然', phone: '13800000001' });
  const twin = await first.owner.createCustomer({ displayName: '安安', phone: '13800000002', facts: ['爱喝龙井'] });
  const apart = await first.owner.createCustomer({ displayName: '贝贝', phone: '13800000003' });
  const wrongly = await first.owner.createCustomer({ displayName: '本本', phone: '13800000004' });
  await first.owner.call('POST', `/customers/${apart.id}/notes`, { text: '贝贝自己的一条' });
  const merged = await first.owner.call<Dossier>('POST', `/customers/${apart.id}/merge`, { into: wrongly.id });
  await first.stop();
  const backup = join(temporaryDirectory(t), 'backup.db');
  copyFileSync(join(dataDirectory, DATABASE), backup);

  const second = await startAgain();
  const officer = await addMember(second, '隐私官', 'privacy_officer');
  const erase = (id: string) => officer.device.call<Deletion>('DELETE', `/customers/${id}`);
  await second.owner.call('POST', `/merges/${merged.merges[0]!.id}/undo`);
  await second.owner.call('POST', `/customers/${twin.id}/merge`, { into: kept.id });
  const late = await second.owner.createCustomer({ displayName: '后来的人' });
  t.match(await erase(kept.id), { scope: 'dossier', reason: 'erased', completedAt: String });
  t.match(await erase(apart.id), { completedAt: String });
  const erased = await erase(late.id);
  t.match(erased, { completedAt: String });
  t.strictSame(await names(second), ['本本']);
  t.equal(await refusal(erase(late.id)), '404 customer_not_found');
  const { body: receipt } = await second.owner.send<Buffer>('GET', `/api/v1/deletions/${erased.id}/receipt.pdf`);
  await second.stop();

  copyFileSync(backup, join(dataDirectory, DATABASE));
  const third = await startAgain();
  t.strictSame(await names(third), ['本本'], 'who never was in the copy, who was merged since, and who was taken out since');
  const keys = await third.stranger().call<KeySet>('GET', '/keys');
  t.match(await verifyStatement(findStatement(receipt), keys), { claims: { jti: erased.id } }, 'and a receipt from after the copy verifies: the key is as old as the box');
  await third.stop();
  for (const text of ['安然', '13800000002', '爱喝龙井', '贝贝自己的一条']) t.notOk(decryptedPages(dataDirectory).some((page) => page.includes(text)), text);

  // A new disk without the vault: consents end, and the list of deletions out of an audit pack does the rest.
  copyFileSync(backup, join(dataDirectory, DATABASE));
  rmSync(join(dataDirectory, 'vault'), { recursive: true });
  const list = join(temporaryDirectory(t), 'deletions.jsonl');
  const deletion = (id: string, customerId: string) => JSON.stringify({
    id, customerId, scope: 'dossier', reason: 'erased', purposes: [], requestedAt: '2026-11-20T10:00:00.000Z', completedAt: '2026-11-20T10:00:01.000Z', templatesDeleted: 0, keyDestroyed: false,
  } satisfies Deletion);
  writeFileSync(list, `${deletion('00000000-0000-4000-8000-000000000001', twin.id)}\n${deletion('00000000-0000-4000-8000-000000000002', kept.id)}\n`);
  const said: string[] = [];
  const output = { line: (text: string) => { said.push(text); }, progress: () => undefined };
  const files = { dataDirectory, credentialsDirectory: null };
  const bad = join(temporaryDirectory(t), 'bad.jsonl');
  writeFileSync(bad, readFileSync(list, 'utf8').replace('dossier', 'everything'));
  t.throws(() => newVault(files, systemClock, output, bad), /not a list of deletions/);
  newVault(files, systemClock, output, list);
  t.match(said[1], /2 dossiers deleted since are deleted again/);
  const fourth = await startAgain();
  t.strictSame(await names(fourth), ['本本'], 'and the one merged into it in the copy is in no list of names');
  await fourth.stop();
});
