/** The sheet that a box leaves on its stick: what to scan, what to compare, what to do, in both languages. */
import t from 'tap';
import { LANGUAGES } from '../../appliance/contract/index.js';
import { loadCertificates } from '../../appliance/http/certificates.js';
import { rootFingerprint } from '../../appliance/http/index.js';
import { systemClock } from '../../appliance/kit/index.js';
import { onboardingPdf } from '../../appliance/papers/index.js';
import { STORE } from '../support/papers.js';
import { readPdf } from '../support/pdf.js';
import { temporaryDirectory } from '../support/scratch.js';

t.test('each page has the codes of the trust page and of the box, the fingerprint as the iPad\'s page shows it, and the steps', async (t) => {
  const { rootPem } = await loadCertificates(temporaryDirectory(t), [], systemClock, 'a passphrase');
  const data = { ...STORE, boxId: 'box-0123456789ab', createdAt: '2026-11-20T08:00:00.000Z', rootPem, trustUrl: 'http://192.168.1.20:8080/trust', boxUrl: 'https://portico-njr.local:8443' };
  for (const first of LANGUAGES) {
    const pdf = await onboardingPdf(data, first);
    const { pages, qrCodes, squeezed } = await readPdf(pdf);
    t.equal(pages.length, LANGUAGES.length, 'a page each');
    t.strictSame(qrCodes, [data.trustUrl, data.boxUrl, data.trustUrl, data.boxUrl]);
    for (const line of rootFingerprint(rootPem).split('\n')) t.equal(squeezed.split(line.replaceAll(' ', '')).length, 3, 'on both pages');
    for (const words of ['证书信任设置', '逐组核对', 'CertificateTrustSettings', 'groupbygroup', data.boxId]) t.ok(squeezed.includes(words), words);
    t.ok(squeezed.indexOf(first === 'en' ? 'BringaniPad' : '给iPad接上') < squeezed.indexOf(first === 'en' ? '给iPad接上' : 'BringaniPad'), 'the store\'s first language first');
    t.ok(pdf.equals(await onboardingPdf(data, first)), 'the same data, the same bytes');
  }
});
