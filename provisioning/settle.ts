import type { Clock } from '../appliance/kit/index.js';
import { finish, goBack, sweep } from './applied.js';
import type { BoxPaths } from './boxPaths.js';
import { isFull, type Disk } from './disk.js';
import { readJournal } from './generation.js';
import { readOrganisation } from './organisation.js';
import { publicJson, type Outcome } from './report.js';
import { settleSupport } from './support.js';
import type { System } from './system.js';

export interface Settled {
  /** `nothing`: no stick was cut off. */
  stick: 'nothing' | 'finished' | 'undone';
  support: 'closed' | 'open';
  /** What was run, or below another root would have been. */
  commands: string[][];
}

/**
 * After a power cut, before the service starts: what a stick had half done is finished or undone, and support access that is over is closed.
 * Cut off itself, it is done to its end the next time.
 * @param system null: nothing is run
 */
export async function settle(paths: BoxPaths, disk: Disk, clock: Clock, system: Pick<System, 'run'> | null): Promise<Settled> {
  const commands: string[][] = [];
  // Whoever starts later reads the new files anyway; waiting for the service here would wait for a service that waits for this.
  const run = async ([command, ...args]: readonly string[]) => {
    const now = command === 'systemctl' && args[0] === 'restart' ? [command, 'try-restart', '--no-block', ...args.slice(1)] : [command!, ...args];
    commands.push(now);
    return system === null || system.run(now);
  };
  const journal = readJournal(paths);
  let stick: Settled['stick'] = 'nothing';
  if (journal === null) {
    sweep(paths, disk);
  } else if (readOrganisation(paths)?.serial === journal.serial) {
    stick = 'finished';
    tell(paths, disk, clock, 'applied', journal.serial);
    finish(paths, disk);
  } else {
    stick = 'undone';
    // Told before the journal goes: cut off in between, it is told again.
    tell(paths, disk, clock, 'rolled_back', journal.serial);
    await goBack(paths, disk, { run }, journal);
  }
  const support = settleSupport(paths, disk, clock.now());
  for (const command of support) await run(command);
  return { stick, support: support.some(([, what]) => what === 'start') ? 'open' : 'closed', commands };
}

function tell(paths: BoxPaths, disk: Disk, clock: Clock, outcome: Outcome, serial: number): void {
  const code = outcome === 'applied' ? null : 'stick_interrupted';
  try {
    disk.write(paths.stickJson, publicJson({ at: new Date(clock.now()).toISOString(), outcome, serial, problems: [], code, requests: [], update: null }), 0o644);
  } catch (error) {
    if (!isFull(error)) throw error; // a full disk must not keep the box from settling
  }
}
