/** The power goes at each step of an update before the box stands still: what starts afterwards is all of the old version. (After: powerSwitch, powerBack.) */
import t from 'tap';
import { STEPS } from '../../updates/index.js';
import { boxToCut } from '../support/powerUpdate.js';

t.test('while it is taken, checked, unpacked and rehearsed', { timeout: 290_000 }, async (t) => {
  const { cutAtEach } = await boxToCut(t);
  await cutAtEach(STEPS.slice(0, STEPS.indexOf('stopped')), false);
});
