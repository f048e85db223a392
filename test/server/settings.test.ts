/** Settings that a stick brings, as the box takes them into use. The refusals first. */
import { createHash } from 'node:crypto';
import t from 'tap';
import { loadConfig } from '../../appliance/config/index.js';
import type { BoxInfo, RetentionTable } from '../../appliance/contract/index.js';
import { createLogger } from '../../appliance/kit/index.js';
import { startAppliance } from '../../appliance/main.js';
import { OWNER_PIN, startBox, temporaryDirectory } from '../support/box.js';
import { refusal } from '../support/failures.js';
import { addMember } from '../support/office.js';

/** As STICK makes it: of the code without case, spaces and dashes. */
const CODE = '7KQM-2XWD-94TB-H0E3';
const ofCode = (code: string): string => createHash('sha256').update(code.replaceAll('-', '')).digest('hex');

t.test('terms that the law does not allow, or of what nobody keeps, stop the start', async (t) => {
  for (const [value, problem] of [
    ['visits=365,selfies=3', /"selfies" is not one of .*visits/], ['audit_log=30', /audit_log must be from 184 to 3653 days, not 30/], ['visits=9999', /visits must be from 1 to 1096/],
  ] as const) {
    const config = loadConfig({
      PORTICO_DATA_DIR: temporaryDirectory(t), PORTICO_HOST: '127.0.0.1', PORTICO_PORT: '0', PORTICO_TRUST_PORT: '0', PORTICO_VISION_WORKERS: '1', PORTICO_RETENTION_DAYS: value,
    });
    await t.rejects(startAppliance(config, { log: createLogger('silent') }), { code: 'config_invalid', details: { setting: 'PORTICO_RETENTION_DAYS', problem } }, value);
  }
});

t.test('the store\'s terms hold until the privacy officer chooses, and again no more after that', async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const box = await startBox(t, { dataDirectory, settings: { PORTICO_RETENTION_DAYS: 'visits=365,notes=180' } });
  const office = await addMember(box, '方静', 'privacy_officer');
  const daysOf = async () => Object.fromEntries((await office.device.call<RetentionTable>('GET', '/privacy/retention')).rules.map(({ kind, days }) => [kind, days]));
  t.match(await daysOf(), { visits: 365, notes: 180, files: 730 });
  await office.device.call('PUT', '/privacy/retention', { kind: 'visits', days: 90 });
  t.match(await daysOf(), { visits: 90, notes: 180 });
  await box.stop();
  await startBox(t, { dataDirectory, settings: { PORTICO_RETENTION_DAYS: 'visits=500,notes=200', PORTICO_PORT: new URL(box.url).port } });
  await office.signIn();
  t.match(await daysOf(), { visits: 90, notes: 200 }, 'the officer\'s word stands');
});

t.test('the page is told the languages of the store, the first one first', async (t) => {
  const box = await startBox(t, { settings: { PORTICO_LANGUAGES: 'en' } });
  t.strictSame((await box.stranger().call<BoxInfo>('GET', '/box')).languages, ['en']);
});

t.test('the owner\'s code from the laptop pairs the first iPad, once, and is the only one that the box has', async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const settings = { PORTICO_OWNER_CODE_SHA256: ofCode(CODE) };
  const box = await startBox(t, { dataDirectory, settings, fresh: true });
  t.match(box.appliance, { ownerCode: null, ownerCodeWaits: true });
  const [ipad, thief] = [box.stranger(), box.stranger()];
  t.equal(await refusal(thief.pair('7KQM-2XWD-94TB-H0E4', 'iPad')), '403 pairing_code_invalid');
  t.equal(await refusal(thief.pair(ofCode(CODE).slice(0, 40), 'iPad')), '403 pairing_code_invalid', 'what the stick knows does not open');
  await ipad.pair(' 7kqm 2xwd 94tb hOe3 ', 'iPad 1'); // as people type it
  t.equal(await refusal(thief.pair(CODE, 'iPad')), '403 pairing_code_invalid', 'used');
  await box.stop();

  const again = await startBox(t, { dataDirectory, settings: { ...settings, PORTICO_PORT: new URL(box.url).port }, fresh: true });
  t.match(again.appliance, { ownerCode: null, ownerCodeWaits: false }, 'no owner yet: that iPad goes on where it was, and no other code is made');
  const late = again.stranger();
  t.equal(await refusal(late.pair(CODE, 'iPad')), '403 pairing_code_invalid', 'a start does not bring it back');
  await ipad.makeOwner('店长', OWNER_PIN);
  t.equal(await refusal(late.pair(CODE, 'iPad')), '403 pairing_code_invalid');
});

t.test('a code asked for at the console voids the one from the laptop, also once the console\'s is used', async (t) => {
  const box = await startBox(t, { settings: { PORTICO_OWNER_CODE_SHA256: ofCode(CODE) }, fresh: true });
  const { code, expiresAt } = box.appliance.makePairingCode();
  t.ok(Date.parse(expiresAt) - Date.now() > 23 * 3_600_000, 'the owner\'s lives a day');
  t.equal(await refusal(box.stranger().pair(CODE, 'iPad')), '403 pairing_code_invalid');
  const ipad = box.stranger();
  await ipad.pair(code, 'iPad 1');
  await ipad.makeOwner('店长', OWNER_PIN);
  t.equal(await refusal(box.stranger().pair(CODE, 'iPad')), '403 pairing_code_invalid');
});

t.test('a new stick brings a new code where the first was lost before there was an owner', async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const first = await startBox(t, { dataDirectory, settings: { PORTICO_OWNER_CODE_SHA256: ofCode(CODE) }, fresh: true });
  await first.stop();
  const next = await startBox(t, { dataDirectory, settings: { PORTICO_OWNER_CODE_SHA256: ofCode('2222-3333-4444-5555') }, fresh: true });
  t.equal(await refusal(next.stranger().pair(CODE, 'iPad')), '403 pairing_code_invalid');
  t.equal(await refusal(next.stranger().pair('2222-3333-4444-5555', 'iPad')), 'accepted');
});
