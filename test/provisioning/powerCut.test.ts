/** The power goes at every single step of settling and of the first boot. (Of applying: powerCutFirst, powerCutNext.) */
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { applyStick, firstBoot, openBox, settleBox } from '../../provisioning/box.js';
import { countSteps, inTurn, killAt, leftovers, sameAs, stateOf } from '../support/powerCut.js';
import { canSeal, everything, newBox, NOW, put, settingsText } from '../support/stick.js';
import { temporaryDirectory, TestClock } from '../support/scratch.js';

/** Sealing takes root, and a systemd that knows how. */
const skip = await canSeal() ? false : 'systemd-creds cannot seal here: it takes root';

t.test('settling is cut off too, at any step, and done to its end the next time', { timeout: 280_000 }, async (t) => {
  const box = await newBox(t);
  put(box.stick, settingsText(1));
  await box.apply();
  const old = stateOf(box.root);
  put(box.stick, settingsText(2, '', '新名字').replace(/ {2}ntp.*\n/, ''));
  const clock = new TestClock(NOW);
  const steps = await countSteps(box.root, async (copy, at) => applyStick({ ...(await openBox(copy, box.stick, { clock, at })), stick: box.stick, dryRun: false, version: '0.1.0' }));
  const lastOfOld = steps.findIndex((step) => step.startsWith('rename') && step.endsWith('organisation.json'));
  t.ok(await killAt('apply', box.root, box.stick, lastOfOld));
  t.notOk(sameAs(stateOf(box.root), old), 'everything is written but the one word that makes it so');
  const toUndo = await countSteps(box.root, async (copy, at) => settleBox(await openBox(copy, '', { clock, at })));
  t.ok(toUndo.length >= 6, `${toUndo.length} steps`);
  await inTurn(toUndo.length, async (step) => {
    const copy = join(temporaryDirectory(t), 'box');
    cpSync(box.root, copy, { recursive: true });
    t.ok(await killAt('settle', copy, box.stick, step));
    await settleBox(await openBox(copy, '', { clock }));
    t.ok(sameAs(stateOf(copy), old), `cut before step ${step}`);
    t.strictSame(leftovers(copy), []);
    t.match(everything(join(copy, 'var/lib/portico-box/public')).get('/stick.json')!, /"outcome":"rolled_back".*"code":"stick_interrupted"/);
  });
});

t.test('the first boot is cut off at any step: the database keeps its key, and a plain one is gone in the end', { skip, timeout: 280_000 }, async (t) => {
  const key = 'c0ffee'.padEnd(64, '1');
  const prepared = (root: string) => {
    mkdirSync(join(root, 'var/lib/portico'), { recursive: true });
    writeFileSync(join(root, 'var/lib/portico/db-key'), `${key}\n`);
    writeFileSync(join(root, 'var/lib/portico/portico.db'), 'not looked into');
  };
  const counted = join(temporaryDirectory(t), 'box');
  prepared(counted);
  const steps: string[] = [];
  const box = await openBox(counted, '', { at: (step) => steps.push(step) });
  await firstBoot(box.paths, box.disk, box.credentials);
  t.ok(steps.length >= 8, `${steps.length} steps`);
  await inTurn(steps.length, async (step) => {
    const root = join(temporaryDirectory(t), 'box');
    prepared(root);
    t.ok(await killAt('firstboot', root, '', step), `cut before ${steps[step]!.replace(counted, '')}`);
    const again = await openBox(root, '');
    const made = await firstBoot(again.paths, again.disk, again.credentials);
    t.equal((await again.credentials!.open('db-key', Buffer.from(everything(root).get('/etc/credstore.encrypted/portico-db-key')!, 'latin1'))).toString(), key);
    t.notOk(existsSync(again.paths.dataKey));
    t.match(everything(join(root, 'var/lib/portico-box/public')).get('/box.json')!, made.recipient);
    t.strictSame(leftovers(root), []);
    const settled = everything(root);
    await firstBoot(again.paths, again.disk, again.credentials);
    t.strictSame(everything(root), settled, 'done again it changes nothing');
  });
});
