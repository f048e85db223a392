/** What the browser tests share: pages of an iPad, the PIN, screenshots, and axe-core. */
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import type { TestBox } from '../support/box.js';
import { portrait, scene } from '../support/scene.js';

export const LANDSCAPE = { width: 1180, height: 820 };
export const PORTRAIT = { width: 820, height: 1180 };
const SHOTS = join(process.cwd(), 'screenshots');
const STEP_MS = 20_000;
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * Some frames for them to begin; a sheet slides inside its own shadow tree. What turns for ever is not waited for, nor anything for longer
 * than a second.
 */
const TRANSITIONS_END = `new Promise((begun) => setTimeout(begun, 60)).then(() => Promise.race([
  Promise.all([document, ...[...document.querySelectorAll('ion-modal')].map((modal) => modal.shadowRoot)].flatMap((tree) => tree?.getAnimations() ?? [])
    .filter((one) => one.effect.getComputedTiming().endTime < 1000).map((one) => one.finished.catch(() => {}))),
  new Promise((late) => setTimeout(late, 1000)),
]))`;

export const at = (page: Page | Locator, id: string): Locator => page.getByTestId(id);

export async function enterPin(page: Page, pin: string): Promise<void> {
  for (const digit of pin) await at(page, `pin-key-${digit}`).click();
}

export async function shoot(page: Page, name: string): Promise<void> {
  mkdirSync(SHOTS, { recursive: true });
  await page.evaluate(TRANSITIONS_END);
  await page.screenshot({ path: join(SHOTS, `${name}.png`) });
}

/** An iPad of the store; what goes wrong on its pages is added to `problems`, but for a network that a test took away. */
export async function newIpad(browser: Browser, url: string, viewport: { width: number; height: number }, problems: string[]): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext({ viewport, locale: 'zh-CN', timezoneId: 'Asia/Shanghai', hasTouch: true, permissions: ['camera'], baseURL: url });
  context.setDefaultTimeout(STEP_MS);
  context.on('page', (page) => {
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => { if (message.type() === 'error' && !/status of 4\d\d|ERR_INTERNET_DISCONNECTED/.test(message.text())) problems.push(message.text()); });
  });
  return { context, page: await context.newPage() };
}

/** Pairs the iPad and signs somebody in whose name stands on it. */
export async function signIn(box: TestBox, page: Page, name: string, pin: string): Promise<void> {
  await page.goto(`/pair#${(await box.owner.makePairingCode()).code}`);
  await at(page, 'pair-submit').click();
  await at(page, `staff-${name}`).click();
  await enterPin(page, pin);
  await at(page, 'pin-pad').waitFor({ state: 'detached' });
}

/** What axe-core calls serious or critical on the page as it stands: rule, and the first element. */
export async function seriousIssues(page: Page): Promise<string[]> {
  await page.evaluate(TRANSITIONS_END);
  await page.evaluate(AXE);
  const found = await page.evaluate(`axe.run(document, { resultTypes: ['violations'] })`) as {
    violations: { id: string; impact: string | null; nodes: { target: string[]; failureSummary?: string }[] }[];
  };
  return found.violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id} (${nodes.length}): ${nodes[0]!.target.join(' ')}: ${nodes[0]!.failureSummary?.split('\n')[1]?.trim() ?? ''}`);
}

/** A person before the camera who moves a little: nearer, farther, tilting the head. */
export async function personFrames(person: string): Promise<Buffer[]> {
  const picture = await portrait(person);
  const moves = Array.from({ length: 24 }, (_, i) => Math.sin((i / 24) * 2 * Math.PI));
  return Promise.all(moves.map(async (move) => scene({
    picture: await sharp(picture).rotate(3 * move, { background: '#8a8a86' }).png().toBuffer(),
    x: 640 + 18 * move, y: 370, height: Math.round(600 + 24 * move),
  })));
}

/** As a reader types: all keys within some milliseconds, however busy this machine is. */
export const readerTypes = (page: Page, text: string): Promise<void> =>
  page.evaluate(`for (const key of [...'${text}', 'Enter']) document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, composed: true }))`);

/** Closes the sheet on top and waits until it is gone. */
export async function closeSheet(page: Page): Promise<void> {
  const closers = at(page, 'sheet-close');
  const open = await closers.count();
  await closers.last().click();
  await closers.nth(open - 1).waitFor({ state: 'detached' });
}
