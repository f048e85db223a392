/**
 * Head office's nightly release on the page, against a real box that makes releases of two days and has nowhere to put them at first: the privacy officer sees why,
 * sends one again, takes the very bytes, and looks at the true figures after the PIN; a manager and IT see the same without those; teams are given in Settings.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Download, Page } from 'playwright-core';
import t, { type Test } from 'tap';
import type { AuditPage, ExportDetail, ExportState, KeySet, StaffTeams } from '../../appliance/contract/index.js';
import { openRelease } from '../../appliance/export/index.js';
import { dayAfter, instantOf, storeClock } from '../../appliance/kit/index.js';
import { Database } from '../../appliance/storage/index.js';
import { OWNER_PIN, startBox, temporaryDirectory, TestClock } from '../support/box.js';
import { DATABASE, readKey } from '../support/disk.js';
import { fillDay } from '../support/exporting.js';
import { addMember } from '../support/office.js';
import { findChromium, launchChromium } from './chromium.js';
import { at, enterPin, LANDSCAPE, newIpad, PORTRAIT, seriousIssues, signIn } from './pages.js';

const executable = findChromium();
const PIN = '246802';
const STORE_DAY = { timeZone: 'Asia/Shanghai', endsAt: '04:00' };
const MINUTE_MS = 60_000;
/** The box looks at its clock every ten seconds, and makes and sends at once. */
const MADE_MS = 40_000;
/** Above this many people a day is released whatever the noise: far beyond `crowdWithNoise`. */
const CROWD = 240;
const QUIET = 6;

/** Goes on by itself, and can be put forward. */
class RunningClock extends TestClock {
  readonly #startedMs = performance.now();
  override now(): number {
    return super.now() + Math.round(performance.now() - this.#startedMs);
  }
}

t.test('what goes to head office', { skip: executable === null ? 'no Chromium on this machine: apt install chromium' : false, timeout: 240_000 }, async (t) => {
  const today = storeClock(Date.now(), STORE_DAY.timeZone).day;
  const clock = new RunningClock(instantOf(today, '15:00', STORE_DAY.timeZone));
  const [crowded, quiet] = [dayAfter(today, -2), dayAfter(today, -1)];
  const disk = join(temporaryDirectory(t), 'disk');
  const box = await startBox(t, {
    clock,
    settings: {
      PORTICO_STORE_NAME: '山茶手表店', PORTICO_STORE_ID: 'SH-01', PORTICO_DAY_ENDS_AT: STORE_DAY.endsAt, PORTICO_EXPORT_TO: disk, PORTICO_EXPORT_TIERS: '金卡,银卡', PORTICO_EXPORT_TEAMS: '早班,晚班',
    },
  });
  const office = await addMember(box, '方静', 'privacy_officer');
  const adviser = await addMember(box, '陆遥', 'associate');
  const it = await addMember(box, '周工', 'it');
  const browser = await launchChromium(executable!, '', box.appliance.rootPem);
  t.teardown(() => browser.close());
  const problems: string[] = [];
  const { page } = await newIpad(browser, box.url, LANDSCAPE, problems);
  const row = (day: string, state: string, on: Page = page) => on.locator(`[data-testid=export-day][data-day="${day}"][data-state=${state}]`);
  /** As it stands, both ways up: nothing stands out at the side, axe-core finds nothing, and thumbs find everything. */
  const isSound = async (t: Test, on: Page, what: string) => {
    for (const viewport of [PORTRAIT, LANDSCAPE]) {
      await on.setViewportSize(viewport);
      t.strictSame(await seriousIssues(on), [], what);
      t.ok(await on.evaluate(`document.documentElement.scrollWidth <= innerWidth && [...document.querySelectorAll('.page-body')].every((body) => body.scrollWidth <= body.clientWidth)`), `${what}: nothing stands out`);
      t.strictSame(await on.evaluate(`[...document.querySelectorAll('.page-body :is(a, button, select, summary)')].filter((each) => each.offsetParent && each.offsetHeight < 44).map((each) => each.textContent)`), [], `${what}: large enough to be tapped`);
    }
  };

  /** Straight into the running box's file. */
  const inItsFile = (write: (db: Database) => void) => {
    const db = Database.open({ file: join(box.dataDirectory, DATABASE), key: readKey(box.dataDirectory) });
    write(db);
    db.close();
  };

  await t.test('a manager puts the staff into head office\'s teams: one tap opens, one chooses', async (t) => {
    const { page: manager } = await newIpad(browser, box.url, PORTRAIT, problems);
    await signIn(box, manager, '店长', OWNER_PIN);
    await at(manager, 'nav-settings').click();
    await at(manager, 'staff-team-陆遥').selectOption('晚班');
    await at(manager, 'toast').filter({ hasText: '晚班' }).waitFor();
    t.strictSame(await box.owner.call<StaffTeams>('GET', '/staff/teams'), { teams: ['早班', '晚班'], members: [{ staffId: adviser.staff.id, team: '晚班' }] });
    await manager.reload();
    await at(manager, 'staff-team-陆遥').waitFor();
    t.equal(await at(manager, 'staff-team-陆遥').inputValue(), '晚班');
    await at(manager, 'staff-team-店长').waitFor();
    t.equal(await at(manager, 'staff-team-方静').count(), 0, 'who does not serve is in none');
    await isSound(t, manager, 'settings');
    await manager.context().close();
  });

  await t.test('before the first one the page says what would go out, and what never does', async (t) => {
    await signIn(box, page, '方静', PIN);
    await at(page, 'office-privacy-export').first().click();
    await at(page, 'export-state').waitFor();
    t.match(await at(page, 'export-gets').innerText(), /总部永远收不到[\s\S]*姓名/);
    t.match(await at(page, 'export-target').innerText(), /04:40/);
    t.match(await at(page, 'export-guarantee').innerText(), /2\.7/, 'e, in words');
    await isSound(t, page, 'nothing yet');
  });

  await t.test('of a day that is not released yet there is a specimen, which says that it is one', async (t) => {
    inItsFile((db) => {
      fillDay(db, instantOf(crowded, '10:00', STORE_DAY.timeZone), CROWD, adviser.staff.id);
      fillDay(db, instantOf(quiet, '10:00', STORE_DAY.timeZone), QUIET, adviser.staff.id);
      db.run('UPDATE export_state SET first_day = ?', crowded); // due from there on
    });
    await at(page, 'export-preview').click();
    await at(page, 'export-compare').click();
    await at(page, 'export-specimen').waitFor();
    t.match(await at(page, 'export-people').innerText(), new RegExp(String(QUIET)));
    await at(page, 'office-back').last().click();
  });

  await t.test('what has nowhere to go waits, and the page says why and what to do', async (t) => {
    clock.move(2 * MINUTE_MS);
    await row(crowded, 'waiting').locator('[data-testid=export-why][data-error=export_target_missing]').waitFor({ timeout: MADE_MS });
    t.match(await at(page, 'export-waiting').innerText(), /2/);
    t.match(await row(crowded, 'waiting').innerText(), /个不报|全部报出/);
    t.match(await row(quiet, 'waiting').innerText(), /人太少/);
    await isSound(t, page, 'waiting');
  });

  await t.test('one that head office has otherwise is given up, and is sent again by a tap once that is settled', async (t) => {
    mkdirSync(disk);
    const other = join(disk, `portico-release-SH-01-${crowded}.zip`);
    writeFileSync(other, 'somebody else\'s bytes');
    await row(crowded, 'waiting').getByTestId('export-send').click();
    await row(crowded, 'dead').locator('[data-testid=export-why][data-error=export_conflict]').waitFor({ timeout: MADE_MS });
    await at(page, 'export-dead').waitFor();
    await row(quiet, 'delivered').waitFor(); // is not held back by it
    t.equal(await row(quiet, 'delivered').getByTestId('export-send').count(), 0);
    rmSync(other);
    await row(crowded, 'dead').getByTestId('export-send').click();
    await row(crowded, 'delivered').waitFor({ timeout: MADE_MS });
    await at(page, 'export-arrived').waitFor();
    t.strictSame(readdirSync(disk).sort(), [crowded, quiet].map((day) => `portico-release-SH-01-${day}.zip`));
  });

  await t.test('a tap shows exactly what was sent, and gives the same bytes', async (t) => {
    await row(crowded, 'delivered').getByTestId('export-open').click();
    await at(page, 'export-tables').waitFor();
    const detail = await office.device.call<ExportDetail>('GET', `/export/days/${crowded}`);
    t.equal(await at(page, 'export-cell').count(), detail.released.length);
    t.equal(await at(page, 'export-withheld').count(), detail.suppressed);
    t.equal(await at(page, 'export-sha256').innerText(), detail.sha256);
    for (const said of await at(page, 'export-tables').locator('th[scope=row]').allInnerTexts()) t.notMatch(said, /known|until_|from_|^\d+-\d+$|headOffice/, 'in words');
    const [download] = await Promise.all([page.waitForEvent('download'), at(page, 'export-download').click()]) as [Download, void];
    const bytes = readFileSync(await download.path());
    t.equal(createHash('sha256').update(bytes).digest('hex'), detail.sha256);
    t.equal(download.suggestedFilename(), detail.fileName);
    t.same(bytes, readFileSync(join(disk, detail.fileName)), 'and head office has the same');
    t.strictSame((await openRelease(bytes, await box.owner.call<KeySet>('GET', '/keys'))).document.cells, detail.released);
    await at(page, 'export-downloaded').waitFor();
    // Head office has lost it: a tap brings the same bytes once more.
    rmSync(join(disk, detail.fileName));
    await at(page, 'export-send').click();
    for (const end = Date.now() + MADE_MS; Date.now() < end && !existsSync(join(disk, detail.fileName));) await page.waitForTimeout(100);
    t.same(bytes, readFileSync(join(disk, detail.fileName)), 'and once more');
    await page.locator('[data-testid=export-sent][data-state=delivered]').waitFor({ timeout: MADE_MS });
    await isSound(t, page, 'a day');
  });

  await t.test('the true figures come after the PIN, stand beside the released ones, and are in the log', async (t) => {
    clock.move(6 * MINUTE_MS); // the PIN was shown too long ago
    await at(page, 'export-compare').click();
    await at(page, 'pin-again').waitFor();
    t.equal(await at(page, 'export-actual').count(), 0, 'not before');
    await enterPin(page, PIN);
    await at(page, 'export-actual').first().waitFor();
    t.match(await at(page, 'export-people').innerText(), new RegExp(String(CROWD)));
    t.equal(await at(page, 'export-specimen').count(), 0);
    const visitors = await at(page, 'export-table-visitor').getByTestId('export-actual').allInnerTexts();
    t.equal(visitors.reduce((sum, text) => sum + Number(text), 0), CROWD, 'everybody, once');
    await isSound(t, page, 'compared');
    await at(page, 'export-compare-hide').click();
    t.equal(await at(page, 'export-actual').count(), 0);
    const log = await office.device.call<AuditPage>('GET', '/audit?action=release_compared');
    t.strictSame(log.entries.map(({ staff, detail: { day, specimen } }) => [staff?.name, day, specimen]), [['方静', crowded, false], ['方静', quiet, true]]);
  });

  await t.test('of a day with too few people there is nothing but the reason', async (t) => {
    await at(page, 'office-back').last().click();
    await row(quiet, 'delivered').getByTestId('export-open').click();
    await at(page, 'export-sent').waitFor();
    t.match(await at(page, 'export-sent').innerText(), /人太少/);
    t.equal(await at(page, 'export-cell').count(), 0);
    await isSound(t, page, 'a day without figures');
  });

  await t.test('IT finds it from the check, a manager from the settings; neither can compare, and the box refuses it too', async (t) => {
    for (const [name, pin, device] of [['周工', PIN, it.device], ['店长', OWNER_PIN, box.owner]] as const) {
      const { page: other } = await newIpad(browser, box.url, LANDSCAPE, problems);
      await signIn(box, other, name, pin);
      if (name === '店长') {
        await at(other, 'nav-settings').click();
        await at(other, 'open-export').click();
      } else {
        await at(other, 'check-export-open').click();
      }
      await row(crowded, 'delivered', other).getByTestId('export-open').click();
      await at(other, 'export-tables').waitFor();
      await at(other, 'export-download').waitFor();
      t.equal(await at(other, 'export-compare').count(), 0);
      await isSound(t, other, name);
      await at(other, 'office-back').click();
      await at(other, 'office-back').click();
      await at(other, 'box-page').waitFor();
      t.match(await device.send('POST', `/api/v1/export/days/${crowded}/comparison`), { status: 403, body: { code: 'not_allowed' } });
      await other.context().close();
    }
    t.match(await adviser.device.send('GET', '/api/v1/export'), { status: 403 }, 'who serves sees nothing of it');
  });

  await t.test('while the box is out of reach the page says how old this is, and catches up', async (t) => {
    t.match(await office.device.call<ExportState>('GET', '/export'), { waiting: 0, dead: 0, epsilonYear: { spent: 2 } }, 'a day without figures costs as much');
    await page.context().setOffline(true);
    await at(page, 'office-back').last().click();
    await at(page, 'export').getByTestId('error').waitFor();
    await page.context().setOffline(false);
    await at(page, 'export').getByTestId('retry').click();
    await row(crowded, 'delivered').waitFor();
    await page.context().setOffline(true);
    await at(page, 'export-stale').waitFor({ timeout: 40_000 });
    await row(crowded, 'delivered').waitFor();
    await page.context().setOffline(false);
    await at(page, 'export-stale').waitFor({ state: 'detached', timeout: 40_000 });
  });

  await t.test('on a box made from another\'s backup the privacy officer says that it stands in for that one; a manager is sent to her', async (t) => {
    inItsFile((db) => db.run('UPDATE export_state SET held_since_ms = ?', clock.now()));
    const { page: manager } = await newIpad(browser, box.url, PORTRAIT, problems);
    await signIn(box, manager, '店长', OWNER_PIN);
    await manager.goto('/box/export');
    await at(manager, 'export-held').waitFor();
    t.equal(await at(manager, 'export-resume').count(), 0);
    await manager.context().close();
    await page.reload();
    await at(page, 'export-resume').click();
    await at(page, 'confirm-yes').click();
    await at(page, 'export-held').waitFor({ state: 'detached' });
    t.match(await office.device.call<ExportState>('GET', '/export'), { held: null });
    const { entries } = await office.device.call<AuditPage>('GET', '/audit?action=setting_changed');
    t.match(entries[0], { staff: { name: '方静' }, detail: { setting: 'export_resumed' } });
  });

  t.strictSame(problems.filter((each) => !/ERR_INTERNET|Failed to fetch/.test(each)), [], 'no error on any page');
});
