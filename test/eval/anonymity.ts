/** The known attacks on releases at full size, and what is left for head office to use: the figures of docs/anonymity.md. */
import { makeProfile, type Profile } from '../../appliance/export/profile.js';
import { TrueFigures } from '../../appliance/export/release.js';
import { chiSquare, everyDay, likelihoodRatio, ours, oursAt, whichDay, whichPart, withTarget } from '../export/attacks.js';
import { crowd, GIVEN, seeded } from '../support/dayRows.js';
import type { Output } from './main.js';

export const ANONYMITY_USAGE = 'anonymity [--runs N] [--into FILE]';
export const FULL_RUNS = 1_000_000;
/** People who were there on the day of an attack; the least that is released, and a usual day. */
const PEOPLE = { few: 66, usual: 120 } as const;

/** @param runs of the attack that needs most; the others take shares of it @returns Markdown */
export async function anonymity(runs: number, { progress }: Output): Promise<string> {
  const profile = makeProfile(GIVEN);
  const bound = Math.exp(GIVEN.epsilon);
  const breath = () => new Promise<void>((resolve) => { setImmediate(resolve); });
  const part = async <T>(what: string, work: (tell: (done: number, of: number) => void) => T): Promise<T> => {
    await breath();
    return work((done, of) => progress(done, of, what));
  };
  const lines = ['| attack | size | found | by chance | at most |', '|---|---|---|---|---|'];
  const row = (attack: string, size: string, found: string, chance: string, most: string) => lines.push(`| ${attack} | ${size} | ${found} | ${chance} | ${most} |`);

  for (const { numerator, denominator } of [profile.tables[0]!.noiseScale, profile.tables[1]!.noiseScale]) {
    const scale = { numerator, denominator };
    const { z, bins, samples } = await part('chi-square', (tell) => chiSquare(oursAt(scale), scale, runs * 10, 1, tell));
    row(`chi-square on the sampler, scale ${numerator}/${denominator}`, `${words(samples)} samples, ${bins} bins`, `z = ${z.toFixed(2)}`, 'z around 0', 'z of 4.5');
  }
  for (const people of [19, PEOPLE.few, PEOPLE.usual]) {
    const { greatest, event, violated, events } = await part(`one of ${people + 1}`, (tell) => likelihoodRatio(ours, profile, withTarget(people), runs, 100 + people, tell));
    row(`one person more than ${people}: greatest likelihood ratio of any event`, `${words(runs)} releases each way, ${words(events)} events`,
      `${greatest.toFixed(2)} (${event})${violated ? ' **above the bound**' : ''}`, '1', `${bound.toFixed(2)} (e^${GIVEN.epsilon})`);
  }
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  const tries = Math.max(200, Math.round(runs / 100));
  const day = await part('which day', (tell) => whichDay(ours, profile, PEOPLE.usual, 30, tries, 31, tell));
  row('differencing over 30 releases: on which day was she there, knowing everybody else', `${words(tries)} months`, `${percent(day.rate)} right`, percent(day.byChance), percent(day.bound));
  const when = await part('which part of the day', (tell) => whichPart(ours, profile, PEOPLE.usual, tries * 20, 41, tell));
  row('in which part of the day did she come, knowing that she came and everybody else\'s time', `${words(tries * 20)} days`, `${percent(when.rate)} right`, percent(when.byChance), percent(when.bound));
  for (const days of [7, 30, 90, 365]) {
    const every = await part(`every day, ${days}`, (tell) => everyDay(ours, profile, PEOPLE.usual, days, Math.max(200, Math.round((tries * 3) / days)), 50 + days, tell));
    row(`who came on **every** one of ${days} days, or on none, knowing everybody else`, `${words(every.tries)} times`, `${percent(every.rate)} right`, '50.0 %', 'no promise: epsilons add up');
  }

  lines.push('', '| known visitors on the day | days released | cells withheld | visitors, off by (typically) | a part of the day, off by (typically) |', '|---|---|---|---|---|');
  for (const people of [30, 60, 80, 120, 200, 400]) {
    const { released, withheld, visitors, part: partError } = await part(`${people} people`, () => usefulness(people, profile, Math.max(200, Math.round(runs / 500))));
    lines.push(`| ${people} | ${percent(released)} | ${released === 0 ? '–' : percent(withheld)} | ${released === 0 ? '–' : visitors.toFixed(0)} | ${released === 0 ? '–' : partError.toFixed(0)} |`);
  }
  return lines.join('\n');
}

/** Root mean squares, over the days that were released and of what was not withheld. */
function usefulness(people: number, profile: Profile, days: number): { released: number; withheld: number; visitors: number; part: number } {
  const random = seeded(`usefulness ${people}`);
  const rows = crowd(people);
  const { of } = new TrueFigures(rows, profile).show();
  let [released, withheld, cellsSeen, visitorSquares, partSquares, partsSeen] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < days; i += 1) {
    const cells = ours(rows, profile, random);
    if (cells === null) continue;
    released += 1;
    withheld += cells.filter(({ count }) => count === null).length;
    cellsSeen += cells.length;
    const seen = cells.filter(({ table, count }) => table === 'visitor' && count !== null);
    visitorSquares += seen.reduce((sum, { cell, count }) => sum + count! - of('visitor', cell), 0) ** 2;
    for (const { table, cell, estimate } of cells) {
      if (table !== 'part' || estimate === null) continue;
      partSquares += (estimate - of('part', cell)) ** 2;
      partsSeen += 1;
    }
  }
  return { released: released / days, withheld: withheld / cellsSeen, visitors: Math.sqrt(visitorSquares / released), part: Math.sqrt(partSquares / partsSeen) };
}

const words = (count: number): string => count.toLocaleString('en');
