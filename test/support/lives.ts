/** Lives of a process that writes and is killed: kill -9 at random moments, and then a look at what is left. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { seededRandom } from '../bench/random.js';
import { temporaryDirectory } from './scratch.js';
import type { Found, Work } from './writerChild.js';

/** TEST_SEED repeats a run: same work, same waiting. (Where a kill falls within the waiting is the machine's.) */
export const SEED = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000);
const full = process.env['TEST_FULL'] !== undefined;
/** 200 in the full run: of each of the four kinds of work so many ... */
export const KILLS = full ? 45 : 3;
/** ... of the whole box ... */
export const BOX_KILLS = full ? 9 : 3;
/** ... and of updates in their migrations. */
export const MIGRATION_KILLS = full ? 11 : 3;
/** A folder is left for a new one after this many, so that looking through all of it stays short. */
const KILLS_A_FOLDER = 17;
/** A process is killed at a random moment after so many of its commits, at most: on a busy machine too it has written by then. */
const COMMITS_MAX = 30;
const WRITES_MS = 30;
/** Opening, up to the first line, takes some 400 ms: each fifth is killed in it. */
const OPENS_MS = 500;
const CHILD = fileURLToPath(new URL('./writerChild.js', import.meta.url));

interface Life { found: Found | null; said: string[]; killed: boolean }

/** Starts one, kills it so long after it was opened (or after it was started), and hands over all it said. */
function live(dataDirectory: string, work: Work, afterMs: number, from: 'start' | { commits: number }): Promise<Life> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CHILD, dataDirectory, work], { stdio: ['ignore', 'pipe', 'inherit'] });
    const said: string[] = [];
    const killSoon = () => setTimeout(() => child.kill('SIGKILL'), afterMs);
    if (from === 'start') killSoon();
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      said.push(line);
      if (from !== 'start' && said.length === 1 + from.commits) killSoon();
    });
    child.on('error', reject);
    const ended = new Promise<NodeJS.Signals | null>((exit) => child.on('exit', (_code, signal) => exit(signal)));
    lines.on('close', () => void ended.then((signal) => {
      const [first, ...rest] = said;
      resolve({ found: first?.endsWith('}}') === true ? JSON.parse(first) as Found : null, said: rest, killed: signal === 'SIGKILL' });
    }));
  });
}

/** What was said and is not there, or the other way round where it was to go. */
function missing(said: readonly string[], { ids }: Found, cutOff: ReadonlySet<string>): string[] {
  const there = Object.fromEntries(Object.entries(ids).map(([kind, all]) => [kind, new Set(all)])) as Record<keyof Found['ids'], Set<string>>;
  const gone = new Set(said.flatMap((line) => { const [what, id] = line.split(' '); return what === 'erased' ? [id!] : []; }));
  const faceless = new Set(said.flatMap((line) => { const [what, id] = line.split(' '); return what === 'erased' || what === 'withdrawn' ? [id!] : []; }));
  let owner = '';
  return said.flatMap((line) => {
    const [what, id] = line.split(' ') as [string, string];
    if (what === 'customer') owner = id;
    switch (what) {
      case 'customer': return cutOff.has(id) || there.customer.has(id) !== gone.has(id) ? [] : [line];
      case 'visit': case 'note': case 'follow_up': case 'wish':
        // What was to go with its customer is not asked for here; nor of whom a deletion was under way, which may have gone through.
        return gone.has(owner) || faceless.has(owner) || cutOff.has(owner) || there[what].has(id) ? [] : [line];
      case 'face': return cutOff.has(id) || faceless.has(id) !== there.face.has(id) ? [] : [line];
      case 'withdrawn': return there.face.has(id) ? [line] : [];
      case 'erased': return there.customer.has(id) || there.face.has(id) ? [line] : [];
      case 'merged': return there.merged.has(id) ? [] : [line];
      default: return [];
    }
  });
}

export async function killOften(t: Test, work: Work, seed: number): Promise<void> {
  const next = seededRandom(seed);
  let dataDirectory = '';
  let said: string[] = [];
  /** Whom each process was about to delete when it was killed. */
  const cutOff = new Set<string>();
  let committed = 0;
  for (let kill = 0; kill <= KILLS; kill += 1) {
    if (kill % KILLS_A_FOLDER === 0 && kill < KILLS) {
      dataDirectory = temporaryDirectory(t);
      said = [];
    }
    const early = kill < KILLS && next() < 0.2;
    const life = await live(dataDirectory, work, early ? next() * OPENS_MS : next() * WRITES_MS, early ? 'start' : { commits: Math.floor(next() * COMMITS_MAX) });
    t.ok(life.killed, `kill ${kill}`);
    if (life.found !== null) {
      t.strictSame(life.found.wrong, [], `${work} ${kill}: whole, and in step`);
      t.strictSame(missing(said, life.found, cutOff), [], `${work} ${kill}: all ${said.length} that were said are there, and what was said to be gone is gone`);
      // At most one commit in flight: it is there or not, and never more than one step beyond what was said.
      const extra = life.found.ids.visit.length - said.filter((line) => line.startsWith('visit ')).length;
      if (work === 'write' || work === 'rewrite') t.ok(extra >= 0 && extra <= unsaidMax(kill), `${work} ${kill}: ${extra} more than said`);
    } else if (!early) t.fail(`${work} ${kill}: it did not open`);
    said.push(...life.said);
    const face = life.said.at(-1);
    if (work === 'delete' && face?.startsWith('face ') === true) cutOff.add(face.slice('face '.length));
    committed += life.said.length;
  }
  t.comment(`${work}: ${KILLS} kills, ${committed} commits said`);
  t.ok(committed > KILLS, 'they did write');
}
/** Each life may have had one commit in flight. */
const unsaidMax = (kill: number): number => (kill % KILLS_A_FOLDER === 0 ? KILLS_A_FOLDER : kill % KILLS_A_FOLDER) + 1;

