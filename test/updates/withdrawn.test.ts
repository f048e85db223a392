/** C10, C11: who withdrew while a new version was on trial stays withdrawn when the old one and its files come back. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { applyUpdate, runningVersion, type Step } from '../../updates/index.js';
import { OWNER_PIN, startBox } from '../support/box.js';
import { query } from '../support/disk.js';
import { makeUpdate } from '../support/releases.js';
import { boxToUpdate, MIGRATION } from '../support/updateBox.js';

const { root, places, machine, base, customers, ownerId, device, isThere, leftOver } = await boxToUpdate(t);

for (const vaultToo of [false, true]) {
  t.test(`C11: who withdrew while the new version was on trial stays withdrawn, ${vaultToo ? 'also where it changed the vault' : 'where the vault is the newer file'}`, async (t) => {
    const erased = customers[vaultToo ? 1 : 0];
    const file = await makeUpdate(root, vaultToo ? '1.3.1' : '1.3.0', {
      migration: MIGRATION,
      ...(vaultToo ? { change: (tree: string) => {
        const vault = join(tree, 'app/dist/appliance/storage/vault.js');
        const text = readFileSync(vault, 'utf8');
        const changed = text.replace(/(;`,\n)\];/, '$1    `CREATE TABLE vault.trial (id INTEGER PRIMARY KEY) STRICT;`,\n];');
        if (changed === text) throw new Error('the forms of the vault are written otherwise now');
        writeFileSync(vault, changed);
      } } : {}),
    });
    const seen: Step[] = [];
    const withdraw = async () => {
      const client = device();
      await client.pair(code, 'iPad trial');
      await client.signIn(ownerId, OWNER_PIN);
      await client.call('POST', `/customers/${erased}/consents/withdraw`);
      client.close();
    };
    await machine.stop();
    // The code that lets the test's device in is made where the box stands still, as "--pair" does it.
    const paired = await startBox(t, { dataDirectory: places.data });
    const { code } = paired.appliance.makePairingCode();
    await paired.stop();
    await machine.start();
    t.equal(query<{ n: number }>(places.data, `SELECT count(*) AS n FROM vault.customer_key WHERE customer_id = '${erased}'`)[0]!.n > 0, true, 'there are keys to lose');
    let done: Promise<void> = Promise.resolve();
    const trying = applyUpdate({
      ...base, file, patience: { withinMs: 60_000, steadyMs: 8_000 }, reached: (step) => {
        seen.push(step);
        if (step === 'started') done = withdraw().then(() => { machine.box()!.kill('SIGKILL'); });
      },
    });
    await t.rejects(trying, { code: 'update_health_failed' });
    await done;
    t.match(seen, ['taken', 'checked', 'unpacked', 'copied', 'rehearsed', 'stopped', 'aside', 'switched', 'started', 'returning', 'data_back', 'link_back']);
    t.equal(runningVersion(places), '1.0.0');
    t.notOk(isThere('trial'));
    t.strictSame(query(places.data, `SELECT 1 AS one FROM consent WHERE customer_id = '${erased}' AND ended_at_ms IS NULL`), [], 'the consent has ended');
    t.strictSame(query(places.data, `SELECT 1 AS one FROM vault.customer_key WHERE customer_id = '${erased}'`), [], 'and the keys');
    t.strictSame(query(places.data, `SELECT 1 AS one FROM template WHERE customer_id = '${erased}'`), []);
    t.equal(query(places.data, `SELECT 1 AS one FROM vault.deletion WHERE customer_id = '${erased}' AND completed_at_ms IS NOT NULL`).length, 1, 'on record');
    t.strictSame(leftOver(), []);
  });
}
