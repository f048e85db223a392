/** The power goes while an update is switched to: what starts afterwards is all of the old version. */
import t from 'tap';
import { STEPS } from '../../updates/index.js';
import { boxToCut } from '../support/powerUpdate.js';

t.test('from stopping the box to the link that leads to the new version', { timeout: 290_000 }, async (t) => {
  const { cutAtEach } = await boxToCut(t);
  await cutAtEach(STEPS.slice(STEPS.indexOf('stopped'), STEPS.indexOf('started')), false);
});
