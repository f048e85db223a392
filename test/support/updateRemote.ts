/**
 * A process that applies an update to a box that its parent runs, and is killed alone: the machine goes on.
 * `node updateRemote.js ROOT FILE KEY STEP`, with a channel to the parent.
 */
import { systemClock } from '../../appliance/kit/index.js';
import { applyUpdate, placesBelow, type Machine } from '../../updates/index.js';
import { PATIENCE } from './releases.js';

export type Asked = 'stop' | 'start' | 'isUp';
type Answer = { id: number; value: boolean; error: string | null };

const waiting = new Map<number, (answer: Answer) => void>();
process.on('message', (answer: Answer) => waiting.get(answer.id)?.(answer));
let asked = 0;
async function ask(what: Asked): Promise<boolean> {
  const id = asked++;
  const answer = await new Promise<Answer>((resolve) => {
    waiting.set(id, resolve);
    process.send!({ id, what });
  });
  if (answer.error !== null) throw new Error(answer.error);
  return answer.value;
}
const machine: Machine = {
  user: () => null, withCredentials: (use) => use(null),
  stop: async () => { await ask('stop'); }, start: async () => { await ask('start'); }, isUp: () => ask('isUp'), tell: () => Promise.resolve(),
};

const [base, file, pinned, at] = process.argv.slice(2) as [string, string, string, string];
await applyUpdate({
  places: placesBelow(base), machine, clock: systemClock, pinned, file, now: true, patience: PATIENCE, reached: (step) => { if (step === at) process.kill(process.pid, 'SIGKILL'); },
}).catch(() => undefined);
process.disconnect();
