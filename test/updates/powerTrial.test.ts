/** The power goes while a new version is on trial: what starts afterwards is all of the new version. */
import t from 'tap';
import { STEPS } from '../../updates/index.js';
import { boxToCut } from '../support/powerUpdate.js';

t.test('once it has started', { timeout: 290_000 }, async (t) => {
  const { cutAtEach } = await boxToCut(t);
  await cutAtEach(STEPS.slice(STEPS.indexOf('started')), true);
});
