/** What the page shows to whom. */
import t from 'tap';
import { homeOf, mayOpen, roleMay } from '../../webui/src/access/permissions.js';

t.test('each role sees its own pages and begins on one of them', async (t) => {
  t.ok(roleMay('it', 'manage_devices'));
  t.notOk(roleMay('manager', 'read_audit'));
  t.strictSame((['manager', 'associate', 'privacy_officer', 'it'] as const).map(homeOf), ['board', 'board', 'privacy', 'settings']);
  for (const page of ['board', 'look-up', 'enrol', 'customers', 'dossier', 'privacy', 'privacy-audit']) t.notOk(mayOpen('it', page), page);
  t.strictSame(['board', 'enrol', 'dossier', 'privacy-audit'].map((page) => mayOpen('privacy_officer', page)), [false, false, true, true]);
});
