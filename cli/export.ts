/** `portico export`: what head office was sent, and for the privacy officer the true figures beside it. */
import { Access } from '../appliance/access/index.js';
import { Audit } from '../appliance/audit/index.js';
import type { Config } from '../appliance/config/index.js';
import type { ExportComparison } from '../appliance/contract/index.js';
import { Customers } from '../appliance/customers/index.js';
import { EventBus } from '../appliance/events/index.js';
import { Exports } from '../appliance/export/index.js';
import { createLogger, isCalendarDay, type Clock } from '../appliance/kit/index.js';
import { visitsForFigures } from '../appliance/neighbours.js';
import { Signer } from '../appliance/papers/index.js';
import { Rights } from '../appliance/rights/index.js';
import { openBeside } from '../appliance/storage/index.js';
import { Visits } from '../appliance/visits/index.js';
import { passphrase, Questions, isTerminal } from './ask.js';
import { UsageError, type Json, type Output } from './output.js';

type Speaks = Pick<Output, 'line' | 'result'>;

/** Beside the box, which may be running: nothing is made or sent from here. */
function openExports(config: Config, clock: Clock): { access: Access; exports: Exports; close(): void } {
  const storage = openBeside(config);
  const { db } = storage;
  const log = createLogger('silent');
  const events = new EventBus(log);
  const audit = new Audit({ db, clock });
  const access = new Access({ db, clock, events, audit, idleLockMs: config.idleLockMs, draftsSecret: '', ownerCodeSha256: null });
  const visits = new Visits({ db, clock, events, gapMs: config.visitGapMs, timeZone: config.timeZone, dayEndsAt: config.dayEndsAt });
  const exports = new Exports({
    db, clock, audit, log, config, signer: new Signer({ db, clock }), storedPersons: () => 0, staffed: () => !access.ownerNeeded(), trustsClock: () => true,
    visitsBetween: visitsForFigures({ access, customers: new Customers({ db, clock, events }), rights: new Rights({ db, clock, events, audit, timeZone: config.timeZone }), visits }),
  });
  return { access, exports, close: () => storage.close() };
}

/** @throws PorticoError of the storage */
export function listReleases(config: Config, clock: Clock, output: Speaks): { waiting: number; dead: number } {
  const { exports, close } = openExports(config, clock);
  try {
    const { setUp, target, at, waiting, dead, days, epsilonYear } = exports.state(null);
    if (!setUp) output.line('Nothing says where releases go: PORTICO_EXPORT_TO is empty here, where this command runs ("export" in portico.yaml). Give it the settings that the box was started with.');
    else output.line(`To head office by ${target ?? ''}, at ${at}. Of this year's epsilon ${epsilonYear.spent} of ${epsilonYear.max} is spent.`);
    for (const { day, status, reason, suppressed, cells, delivery: { state, tries, errorCode, nextTryAt, deliveredAt } } of days) {
      const what = status === 'released' ? `released, ${suppressed} of ${cells} cells withheld` : `skipped (${reason ?? ''})`;
      const when = state === 'delivered' ? `arrived ${deliveredAt ?? ''}` : `${state} after ${tries} tries${errorCode === null ? '' : `: ${errorCode}`}${nextTryAt === null ? '' : `, next ${nextTryAt}`}`;
      output.line(`${day}  ${what.padEnd(36)}  ${when}`);
    }
    output.line(`waiting: ${waiting}, refused: ${dead}`);
    output.result({ setUp, target, at, waiting, dead, days: days as unknown as Json[] });
    return { waiting, dead };
  } finally {
    close();
  }
}

/**
 * The true figures of a day beside the released ones, for who is privacy officer here and shows the PIN.
 * @param who.officer null: asked for @param who.pinFile null: asked for
 * @throws UsageError; PorticoError staff_not_found, not_allowed, pin_wrong, pin_locked, export_not_set_up, export_day_not_over
 */
export async function compareDay(config: Config, clock: Clock, who: { day: string; officer: string | null; pinFile: string | null }, output: Speaks): Promise<void> {
  if (!isCalendarDay(who.day)) throw new UsageError(`${who.day} is not a day such as 2026-11-20.`);
  const officer = who.officer ?? await askName();
  const pin = await passphrase('PIN', who.pinFile, '--pin-file');
  const { access, exports, close } = openExports(config, clock);
  try {
    const by = await access.proveAtConsole(officer, pin, 'privacy_officer');
    const look = await exports.compare(who.day, by);
    for (const line of inLines(look)) output.line(line);
    output.result(look as unknown as { [key: string]: Json });
  } finally {
    close();
  }
}

async function askName(): Promise<string> {
  if (!isTerminal()) throw new UsageError('Who asks? --officer NAME, and --pin-file FILE.');
  const questions = new Questions();
  try {
    return await questions.ask('Privacy officer', null);
  } finally {
    questions.close();
  }
}

function inLines({ day, specimen, status, reason, people, crowdMin, crowdWithNoise, cells }: ExportComparison): string[] {
  const number = (value: number | null, empty: string) => (value === null ? empty : String(value)).padStart(9);
  return [
    `${day}: ${status}${reason === null ? '' : ` (${reason})`}. ${people} people were there; at least ${crowdMin} are needed, and ${crowdWithNoise} with noise.`,
    specimen ? 'Not released yet: noise drawn for this look alone. The release will have other noise.' : 'As it was released, beside the figures as they are now; who was erased since is not among them.',
    '',
    `${'table'.padEnd(9)}${'cell'.padEnd(20)}${'true'.padStart(9)}${'released'.padStart(9)}${'estimate'.padStart(9)}${'± error'.padStart(9)}`,
    ...cells.map(({ table, cell, actual, count, estimate, standardError }) =>
      `${table.padEnd(9)}${cell.padEnd(20)}${number(actual, '')}${number(count, status === 'released' ? 'withheld' : '')}${number(estimate, '')}${number(standardError, '')}`),
    '',
    'For the privacy officer alone: the true figures are kept nowhere and must not be passed on. This look is in the audit log.',
  ];
}
