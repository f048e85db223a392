/** Every page and sheet of the desk in both languages, by day and by night, both ways up: screenshots to be looked at, and axe-core on each. */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import t from 'tap';
import { PURPOSES, type Language } from '../../appliance/contract/index.js';
import { OWNER_PIN, startBox, temporaryDirectory } from '../support/box.js';
import { emptyScene } from '../support/scene.js';
import { enrolPerson } from '../support/store.js';
import { findChromium, launchChromium, writeCameraFile } from './chromium.js';
import { at, LANDSCAPE, newIpad, PORTRAIT, seriousIssues, shoot, signIn } from './pages.js';
import { furnish, ownPhone, SOMEBODY, tourDesk } from './tour.js';

const executable = findChromium();

t.test('every screen of the desk', { skip: executable === null ? 'no Chromium on this machine: apt install chromium' : false, timeout: 290_000 }, async (t) => {
  const box = await startBox(t, { settings: { PORTICO_STORE_NAME: '山茶手表店' } });
  const id = await enrolPerson(box, 'P08', { purposes: [...PURPOSES], ...SOMEBODY });
  await furnish(box, id);
  const cameraFile = join(temporaryDirectory(t), 'camera.mjpeg');
  writeCameraFile(cameraFile, [await emptyScene()]);
  const browser = await launchChromium(executable!, cameraFile, box.appliance.rootPem);
  t.teardown(() => browser.close());
  const problems: string[] = [];
  const { page } = await newIpad(browser, box.url, LANDSCAPE, problems);
  await signIn(box, page, '店长', OWNER_PIN);

  for (const [language, name, colorScheme] of [['zh-CN', 'zh', 'light'], ['en', 'en', 'dark']] as const satisfies readonly (readonly [Language, string, string])[]) {
    const see = async (screen: string, on: Page): Promise<void> => {
      if (on === page) {
        await page.setViewportSize(PORTRAIT);
        await shoot(page, `morning-${screen}-${name}-portrait`);
        await page.setViewportSize(LANDSCAPE);
      }
      await shoot(on, `morning-${screen}-${name}`);
      t.strictSame(await seriousIssues(on), [], `${screen} ${name}`);
    };
    await page.emulateMedia({ colorScheme });
    if ((await page.locator('html').getAttribute('lang')) !== language) await at(page, 'lang-switch').click();
    await tourDesk(page, id, see);
    await ownPhone(box, browser, id, language, see);
  }
  t.strictSame(problems, [], 'no error on any page');
});
