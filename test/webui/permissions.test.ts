/** What the page shows to whom. */
import t from 'tap';
import { deviceKind } from '../../webui/src/access/deviceKind.js';
import { homeOf, mayOpen, roleMay } from '../../webui/src/access/permissions.js';

t.test('each role sees its own pages and begins on one of them', async (t) => {
  t.ok(roleMay('it', 'manage_devices'));
  t.notOk(roleMay('manager', 'read_audit'));
  t.strictSame((['manager', 'associate', 'privacy_officer', 'it'] as const).map(homeOf), ['board', 'board', 'privacy', 'box']);
  t.strictSame((['manager', 'associate', 'privacy_officer', 'it'] as const).map((role) => mayOpen(role, 'box')), [true, false, false, true]);
  t.strictSame((['manager', 'associate', 'privacy_officer', 'it'] as const).map((role) => ['box-export-day', 'privacy-export-day'].map((page) => mayOpen(role, page))),
    [[true, false], [false, false], [true, true], [true, false]], 'what goes to head office');
  for (const page of ['board', 'look-up', 'enrol', 'customers', 'dossier', 'privacy', 'privacy-audit']) t.notOk(mayOpen('it', page), page);
  t.strictSame(['board', 'enrol', 'dossier', 'privacy-audit'].map((page) => mayOpen('privacy_officer', page)), [false, false, true, true]);
});

t.test('an iPad is told from a Mac, which it says it is', async (t) => {
  const safari = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15';
  t.equal(deviceKind({ userAgent: safari, maxTouchPoints: 5 }), 'ipad');
  t.equal(deviceKind({ userAgent: safari, maxTouchPoints: 0 }), 'other');
  t.equal(deviceKind({ userAgent: 'Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X)', maxTouchPoints: 5 }), 'ipad');
  t.equal(deviceKind({ userAgent: 'Mozilla/5.0 (X11; Linux x86_64)', maxTouchPoints: 10 }), 'other');
});
