/** The policy of the box's headers, as a real browser reads it: the page lives under it, and what it forbids is stopped. */
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import t from 'tap';
import { startBox, temporaryDirectory } from '../support/box.js';
import { portrait, scene } from '../support/scene.js';
import { findChromium, launchChromium, writeCameraFile } from './chromium.js';

const executable = findChromium();
/** Every address of the page that shows something to a manager; a dossier comes with a customer's id. */
const PAGES = ['/', '/customers', '/look-up', '/enrol', '/front-desk', '/settings', '/privacy', '/pair', '/sign-in', '/hand-back', '/receipt', '/trust'];

t.test('the page lives under the policy, and the policy holds', { skip: executable === null ? 'no Chromium on this machine: apt install chromium' : false, timeout: 120_000 }, async (t) => {
  const box = await startBox(t);
  const { id } = await box.owner.createCustomer({ displayName: '政策', facts: ['一'], doNot: ['二'] });
  const cameraFile = join(temporaryDirectory(t), 'camera.mjpeg');
  writeCameraFile(cameraFile, [await scene({ picture: await portrait('P08'), x: 640, y: 370, height: 600 })]);
  const browser = await launchChromium(executable!, cameraFile, box.appliance.rootPem);
  t.teardown(() => browser.close());
  const context = await browser.newContext({ locale: 'zh-CN', permissions: ['camera'], baseURL: box.url });
  const violations: string[] = [];
  const strangers = new Set<string>();
  await collect(context, violations, strangers, new URL(box.url).host);
  const page = await context.newPage();
  await page.goto(`/pair#${(await box.owner.makePairingCode()).code}`);
  await page.getByTestId('pair-submit').click();
  await page.getByTestId('staff-店长').click();
  for (const digit of '135790') await page.getByTestId(`pin-key-${digit}`).click();
  await page.getByTestId('board').waitFor();

  await t.test('no page of the box breaks it, and none asks another site for anything', async (t) => {
    for (const address of [...PAGES.filter((each) => each !== '/front-desk'), `/customers/${id}`]) {
      await page.goto(address);
      await page.waitForTimeout(400);
      t.strictSame(violations.splice(0), [], address);
    }
    await page.goto('/front-desk'); // last: it narrows the session
    await page.waitForTimeout(800);
    t.strictSame(violations.splice(0), [], '/front-desk');
    t.strictSame([...strangers], []);
  });

  await t.test('what it forbids is stopped, and noticed here', async (t) => {
    await page.goto('/');
    const tried = await page.evaluate(`(async () => {
      const done = {};
      const script = document.createElement('script');
      script.textContent = 'globalThis.injected = true';
      document.body.append(script);
      done['inline script'] = 'injected' in globalThis;
      document.body.insertAdjacentHTML('beforeend', '<p id="styled" style="position:fixed">x</p><style>#styled { float: left }</style>');
      done['style attribute'] = getComputedStyle(document.querySelector('#styled')).position === 'fixed';
      done['style element'] = getComputedStyle(document.querySelector('#styled')).float === 'left';
      // Later: what the debugger runs itself may do this.
      done.eval = await new Promise((resolve) => { setTimeout(() => { try { resolve(new Function('return true')()); } catch { resolve(false); } }); });
      done['another site'] = await fetch('https://192.0.2.1/').then(() => true, () => false);
      const frame = document.createElement('iframe');
      frame.src = '/';
      document.body.append(frame);
      await new Promise((resolve) => { setTimeout(resolve, 300); });
      done['a frame'] = frame.contentDocument !== null && frame.contentDocument.querySelector('#app') !== null;
      return done;
    })()`);
    t.strictSame(tried, { 'inline script': false, 'style attribute': false, 'style element': false, 'eval': false, 'another site': false, 'a frame': false });
    const noticed = violations.splice(0).map((line) => line.split(' ')[0]);
    for (const directive of ['script-src-elem', 'style-src-attr', 'style-src-elem', 'script-src', 'connect-src']) t.ok(noticed.includes(directive), `${directive}: ${noticed.join()}`);
    const features = await page.evaluate(`Object.fromEntries(['camera', 'microphone', 'geolocation', 'usb'].map((name) =>
      [name, document.featurePolicy.allowsFeature(name)]))`);
    t.strictSame(features, { camera: true, microphone: false, geolocation: false, usb: false });
  });
});

/** Violations of every page of the context as "directive blocked-address", and hosts asked other than the box. */
async function collect(context: BrowserContext, violations: string[], strangers: Set<string>, host: string): Promise<void> {
  await context.exposeFunction('tellViolation', (line: string) => violations.push(line));
  await context.addInitScript(`document.addEventListener('securitypolicyviolation', (event) => {
    tellViolation([event.effectiveDirective, event.blockedURI, event.sourceFile, event.sample].join(' '));
  })`);
  context.on('page', (page: Page) => page.on('request', (request) => {
    const url = new URL(request.url());
    if (/^(https?|wss?):$/.test(url.protocol) && url.host !== host && url.host !== '192.0.2.1') strangers.add(url.host);
  }));
}
