/** What the box says about itself, through the front door. The refusals come first. */
import { setTimeout } from 'node:timers/promises';
import t from 'tap';
import { Check } from 'typebox/schema';
import { BoxReport, CHECK_IDS, CHECK_REASONS, type Readiness } from '../../appliance/contract/index.js';
import { addStaff, startBox } from '../support/box.js';

const box = await startBox(t);

t.test('an associate and a stranger are not told how the machine is, nor may they have it looked at', async (t) => {
  const { device } = await addStaff(box, '店员', 'associate');
  for (const [method, path] of [['GET', '/box/report'], ['POST', '/box/checks'], ['POST', '/box/support-bundle']] as const) {
    t.equal((await box.stranger().send(method, `/api/v1${path}`)).status, 401, path);
    t.equal((await device.send(method, `/api/v1${path}`)).status, 403, path);
  }
});

t.test('the report has every check once, each with a reason that there are words for', async (t) => {
  const report = await box.owner.call<BoxReport>('GET', '/box/report');
  t.ok(Check(BoxReport, report));
  t.strictSame(report.checks.map(({ id }) => id), [...CHECK_IDS]);
  for (const { id, reason } of report.checks) t.ok((CHECK_REASONS[id] as readonly string[]).includes(reason), `${id} ${reason}`);
});

t.test('whoever asks is told whether the box is ready, in codes alone', async (t) => {
  // The models run over their pattern right after the start.
  for (let tries = 0; tries < 50 && (await box.stranger().send<Readiness>('GET', '/readyz')).status !== 200; tries++) await setTimeout(100);
  const { status, body } = await box.stranger().send<Readiness>('GET', '/readyz');
  t.strictSame([status, body], [200, { ready: true, codes: [] }]);
});
