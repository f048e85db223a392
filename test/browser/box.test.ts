/**
 * The page for IT against a real box: what is wrong appears and goes, the support file is downloaded, a backup runs to a folder, the box
 * goes away and comes back. Shots of it in both languages, by day and by night, both ways up.
 */
import { appendFileSync, copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Download } from 'playwright-core';
import t from 'tap';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { startBox, temporaryDirectory } from '../support/box.js';
import { addMember } from '../support/office.js';
import { packageRoot } from '../../models/manifest.js';
import { findChromium, launchChromium } from './chromium.js';
import { at, LANDSCAPE, newIpad, PORTRAIT, seriousIssues, shoot, signIn } from './pages.js';

const executable = findChromium();
const PIN = '246802';

t.test('IT and the box', { skip: executable === null ? 'no Chromium on this machine: apt install chromium' : false, timeout: 240_000 }, async (t) => {
  const models = join(temporaryDirectory(t), 'models');
  cpSync(join(packageRoot(), 'models/files'), models, { recursive: true });
  const disk = join(temporaryDirectory(t), 'disk');
  mkdirSync(disk);
  const recipient = await identityToRecipient(await generateX25519Identity());
  const box = await startBox(t, { settings: { PORTICO_STORE_NAME: '山茶手表店', PORTICO_MODELS_DIR: models, PORTICO_BACKUP_RECIPIENT: recipient, PORTICO_BACKUP_TO: disk } });
  const adviser = await addMember(box, '陆遥', 'associate');
  await addMember(box, '周工', 'it');
  const browser = await launchChromium(executable!, '', box.appliance.rootPem);
  t.teardown(() => browser.close());
  const problems: string[] = [];
  const { context, page } = await newIpad(browser, box.url, LANDSCAPE, problems);
  const check = (id: string, state: string) => page.locator(`[data-testid=check-${id}][data-state=${state}]`);

  await t.test('an adviser is not let in, by the page or by the box', async (t) => {
    const { page: other } = await newIpad(browser, box.url, LANDSCAPE, problems);
    await signIn(box, other, '陆遥', PIN);
    await other.goto('/box');
    await other.waitForURL((url) => url.pathname === '/');
    t.equal(await at(other, 'box-page').count(), 0);
    await at(other, 'nav-settings').click();
    await at(other, 'settings').waitFor();
    t.equal(await at(other, 'open-box').count(), 0);
    t.match(await adviser.device.send('GET', '/api/v1/box/report'), { status: 403, body: { code: 'not_allowed' } });
    await other.context().close();
  });

  await t.test('it is the first thing that IT sees, with everything there is to know', async (t) => {
    await signIn(box, page, '周工', PIN);
    await at(page, 'box-headline').waitFor();
    await at(page, 'nav-box').waitFor();
    t.equal(await page.locator('[data-testid^=check-][data-state]').count(), 15, 'every check has its row');
    t.match(await at(page, 'box-fingerprint').innerText(), box.appliance.rootFingerprint.slice(0, 20));
    t.ok((await at(page, 'box-version').innerText()).length > 2);
    for (const row of await page.locator('[data-testid^=check-][data-state] .prose').allInnerTexts()) t.notMatch(row, /[{}]|^\w+: \w+$/, 'in words');
  });

  const eachLook = async (name: string) => {
    for (const [language, short, colorScheme] of [['zh-CN', 'zh', 'light'], ['en', 'en', 'dark']] as const) {
      await page.emulateMedia({ colorScheme });
      await page.evaluate(`localStorage.setItem('portico.language', '${language}')`);
      await page.reload();
      await at(page, 'box-headline').waitFor();
      await at(page, 'backups').waitFor();
      await page.waitForLoadState('networkidle');
      for (const [viewport, way] of [[LANDSCAPE, ''], [PORTRAIT, '-portrait']] as const) {
        await page.setViewportSize(viewport);
        await shoot(page, `box-${name}-${short}${way}`);
        t.strictSame(await seriousIssues(page), [], `${name} ${short} ${way}`);
        t.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), 'nothing stands out at the side');
      }
      await page.setViewportSize(LANDSCAPE);
    }
    await page.evaluate(`localStorage.setItem('portico.language', 'zh-CN')`);
    await page.emulateMedia({ colorScheme: 'light' });
    await page.reload();
    await at(page, 'box-headline').waitFor();
  };

  await t.test('a model file that somebody changed is told, with what to do, and is gone once it is put right', async (t) => {
    const file = join(models, readdirSync(models).find((each) => each.endsWith('.onnx'))!);
    const kept = join(temporaryDirectory(t), 'kept');
    copyFileSync(file, kept);
    await at(page, 'check-again').click();
    await check('models', 'ok').waitFor({ timeout: 60_000 });
    appendFileSync(file, 'x');
    await at(page, 'check-again').click();
    await check('models', 'failed').waitFor({ timeout: 60_000 });
    await page.locator('[data-testid=box-headline][data-status=failed]').waitFor();
    t.match(await at(page, 'box-headline').innerText(), /识别模型/);
    t.equal(await page.locator('[data-testid^=check-][data-state]').first().getAttribute('data-testid'), 'check-models', 'the worst stands first');
    await eachLook('failed');
    copyFileSync(kept, file);
    await at(page, 'check-again').click();
    await check('models', 'ok').waitFor({ timeout: 60_000 });
  });

  await t.test('the support file comes to this device', async (t) => {
    const [download] = await Promise.all([page.waitForEvent('download'), at(page, 'support-make').click()]) as [Download, void];
    t.equal(readFileSync(await download.path()).subarray(0, 2).toString(), 'PK');
    t.match(download.suggestedFilename(), /\.zip$/);
    await at(page, 'support-done').waitFor();
  });

  await t.test('a backup is begun here and is on the disk when the page says so', async (t) => {
    await at(page, 'backup-now').click();
    await page.locator('[data-testid=backup-run][data-outcome=done]').waitFor({ timeout: 60_000 });
    t.ok(readdirSync(disk, { recursive: true }).length > 0);
    t.match(await at(page, 'backup-last').innerText(), /已读回核对/);
  });

  await t.test('while the box is out of reach the page says so and how old this is, and catches up', async (t) => {
    await context.setOffline(true);
    await at(page, 'box-stale').waitFor({ timeout: 40_000 });
    t.ok(await at(page, 'support-make').isDisabled());
    await shoot(page, 'box-offline-zh');
    await context.setOffline(false);
    await at(page, 'box-stale').waitFor({ state: 'detached', timeout: 40_000 });
  });

  await t.test('well or nearly so, in both languages', async () => { await eachLook('well'); });

  await t.test('a manager finds it in the settings, and the way back', async () => {
    const { page: manager } = await newIpad(browser, box.url, PORTRAIT, problems);
    await signIn(box, manager, '店长', '135790');
    await at(manager, 'nav-settings').click();
    await at(manager, 'open-box').click();
    await at(manager, 'box-headline').waitFor();
    await at(manager, 'box-back').click();
    await at(manager, 'settings').waitFor();
    await manager.context().close();
  });

  t.strictSame(problems.filter((each) => !/ERR_INTERNET|Failed to fetch/.test(each)), [], 'no error on any page');
});
