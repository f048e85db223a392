/** kill -9 at random moments while dossiers are merged and the file is written anew: what was answered is there, and nothing is half there. 90 of the 200 of the full set. */
import t from 'tap';
import { killOften, KILLS, SEED } from '../support/lives.js';

t.comment(`TEST_SEED=${SEED}`);
t.jobs = 2;
for (const [at, work] of (['merge', 'rewrite'] as const).entries()) {
  t.test(`nothing that was said is lost, and nothing is half there, over ${KILLS} kills: ${work}`, { timeout: 280_000, buffered: true }, (t) => killOften(t, work, SEED + at));
}
