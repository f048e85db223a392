/** No serious issue for people who read with a screen reader, big letters or poor sight: axe-core on every page, by role, language and light. */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import t from 'tap';
import { PURPOSES } from '../../appliance/contract/index.js';
import { OWNER_PIN, startBox, temporaryDirectory } from '../support/box.js';
import { addMember } from '../support/office.js';
import { portrait, scene } from '../support/scene.js';
import { enrolPerson } from '../support/store.js';
import { findChromium, launchChromium, writeCameraFile } from './chromium.js';
import { at, LANDSCAPE, newIpad, seriousIssues, signIn } from './pages.js';
import { furnish, SOMEBODY } from './tour.js';

const executable = findChromium();
const full = process.env['TEST_FULL'] !== undefined;
const OFFICE = ['', '/requests', '/notice', '/assessments', '/assessments/new', '/mode', '/retention', '/persons', '/export', '/incidents', '/incidents/new', '/audit', '/deletions', '/pack'];

t.test('axe-core finds no serious issue', { skip: executable === null ? 'no Chromium on this machine: apt install chromium' : false, timeout: 290_000 }, async (t) => {
  const box = await startBox(t);
  const id = await enrolPerson(box, 'P08', { purposes: [...PURPOSES], ...SOMEBODY });
  await furnish(box, id);
  const cameraFile = join(temporaryDirectory(t), 'camera.mjpeg');
  writeCameraFile(cameraFile, [await scene({ picture: await portrait('P08'), x: 640, y: 370, height: 600 })]);
  const browser = await launchChromium(executable!, cameraFile, box.appliance.rootPem);
  t.teardown(() => browser.close());
  const problems: string[] = [];

  const look = async (page: Page, address: string): Promise<void> => {
    await page.goto(address);
    await page.locator('[data-testid]').first().waitFor();
    await page.waitForLoadState('networkidle');
    t.strictSame(await seriousIssues(page), [], `${address} ${await page.locator('html').getAttribute('lang') ?? ''}`);
  };
  const walk = async (page: Page, addresses: readonly string[]): Promise<void> => {
    for (const scheme of full ? ['light', 'dark'] as const : ['light'] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      for (const address of addresses) await look(page, address);
    }
    if (!full) return;
    await page.goto('/settings');
    await at(page, 'language-en').click();
    for (const address of addresses) await look(page, address);
  };

  await t.test('for who serves', async (t) => {
    const { page } = await newIpad(browser, box.url, LANDSCAPE, problems);
    await look(page, '/pair');
    await page.goto('about:blank'); // else the code that follows is a mere jump within the page
    await signIn(box, page, '店长', OWNER_PIN);
    await page.evaluate(`document.body.insertAdjacentHTML('beforeend', '<img id="planted" src="/icon-180.png">')`);
    t.match(await seriousIssues(page), [/^image-alt/], 'what is planted is found');
    const tabs = ['', '?tab=timeline', '?tab=notes', '?tab=followUps', '?tab=dealings', '?tab=files', '?tab=visits', '?tab=consent'].map((tab) => `/customers/${id}${tab}`);
    await walk(page, ['/', '/customers', ...tabs, '/look-up', '/enrol', '/settings', '/settings/fields', '/settings/greetings', '/settings/products']);
  });
  await t.test('for the privacy officer', { skip: full ? false : 'in full only' }, async () => {
    await addMember(box, '方静', 'privacy_officer');
    const { page } = await newIpad(browser, box.url, LANDSCAPE, problems);
    await signIn(box, page, '方静', '246802');
    await walk(page, OFFICE.map((address) => `/privacy${address}`));
  });
  t.strictSame(problems, []);
});
