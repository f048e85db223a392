/** The page's copy of the table of permissions. */
import t from 'tap';
import { PERMISSIONS as BOX } from '../../appliance/access/permissions.js';
import { PERMISSIONS as PAGE, roleMay } from '../../webui/src/access/permissions.js';

t.test('the page believes what the box decides', async (t) => {
  t.strictSame(PAGE, BOX);
  t.ok(roleMay('it', 'manage_devices'));
  t.notOk(roleMay('it', 'read_dossier'));
  t.notOk(roleMay('manager', 'read_audit'));
});
