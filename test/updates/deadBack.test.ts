/** Whoever applies an update is killed alone while a version that does not stand is on trial: the next one goes back from it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeUpdate } from '../support/releases.js';
import { boxThatGoesOn, MIGRATION } from '../support/updateDead.js';

t.test('of a version that ends by itself: gone back from, wherever the one who watched it was killed', { timeout: 280_000 }, async (t) => {
  const { root, next, killedAt, isWhole } = await boxThatGoesOn(t);
  const file = await makeUpdate(root, '1.9.0', {
    migration: MIGRATION, change: (tree) => {
      const start = join(tree, 'app/dist/appliance/start.js');
      writeFileSync(start, `${readFileSync(start, 'utf8')}\nif (!process.env.PORTICO_DATA_DIR.endsWith('update-rehearsal')) setTimeout(() => process.exit(7), 50);`);
    },
  });
  for (const step of ['started', 'returning']) {
    await killedAt(file, step);
    t.match(await next(), { outcome: 'none', from: '1.0.0' }, step);
    await isWhole('1.0.0', step);
  }
});
