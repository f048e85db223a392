/** The page's copy of the table of permissions. */
import t from 'tap';
import { PERMISSIONS as BOX } from '../../appliance/access/permissions.js';
import { deviceKind } from '../../webui/src/access/deviceKind.js';
import { PERMISSIONS as PAGE, roleMay } from '../../webui/src/access/permissions.js';

t.test('the page believes what the box decides', async (t) => {
  t.strictSame(PAGE, BOX);
  t.ok(roleMay('it', 'manage_devices'));
  t.notOk(roleMay('it', 'read_dossier'));
  t.notOk(roleMay('manager', 'read_audit'));
});

t.test('an iPad is told from a Mac, which it says it is', async (t) => {
  const safari = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15';
  t.equal(deviceKind({ userAgent: safari, maxTouchPoints: 5 }), 'ipad');
  t.equal(deviceKind({ userAgent: safari, maxTouchPoints: 0 }), 'other');
  t.equal(deviceKind({ userAgent: 'Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X)', maxTouchPoints: 5 }), 'ipad');
  t.equal(deviceKind({ userAgent: 'Mozilla/5.0 (X11; Linux x86_64)', maxTouchPoints: 10 }), 'other');
});
