/** The power goes at every single step of the next stick. */
import t from 'tap';
import { cutEverywhere } from '../support/powerCut.js';

t.test('the next stick: cut off at any step, the box is all as it was or all as it shall be, and never in between', { timeout: 280_000 }, (t) => cutEverywhere(t, false));
