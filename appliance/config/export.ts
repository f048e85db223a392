/** Settings of the nightly release for head office: where it goes, when, and the numbers that it rests on. */
import { Type, type Static, type TObject } from 'typebox';
import { Errors } from 'typebox/schema';
import { NO_TEAM, NO_TIER, ReleaseParameters } from '../contract/index.js';
import { PorticoError } from '../kit/index.js';
import { readPlace, type FolderPlace, type ServerPlace } from './places.js';
import { listOf, NUMERALS, urlOf } from './texts.js';

export const EXPORT_SETTINGS = {
  /** https://..., sftp://user@host[:port]/folder, or a folder from the root on. Empty: nothing is released. */
  PORTICO_EXPORT_TO: Type.String({ default: '' }),
  /** Of an SFTP server, as ssh-keygen -l prints it: SHA256:... */
  PORTICO_EXPORT_HOST_KEY: Type.String({ pattern: '^(SHA256:[A-Za-z0-9+/]{43})?$', default: '' }),
  /** The folder must be another file system than the data, as with backups. */
  PORTICO_EXPORT_MOUNTED: Type.Boolean({ default: false }),
  /** HH:MM in the store's time zone. */
  PORTICO_EXPORT_AT: Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$', default: '04:40' }),
  /** Names as head office counts them, separated by commas. */
  PORTICO_EXPORT_TIERS: Type.String({ default: '' }),
  PORTICO_EXPORT_TEAMS: Type.String({ default: '' }),
  /** Such as epsilon=0.5,cellMin=20,stayEdges=15/45/90; what is not said keeps its value of EXPORT_DEFAULTS. */
  PORTICO_EXPORT_PARAMETERS: Type.String({ default: '' }),
} as const;

/** What IT may choose; `crowdWithNoise` follows from it. */
export type ExportParameters = Omit<ReleaseParameters, 'crowdWithNoise'>;

export interface ExportSettings {
  /** `url` as it is written, in its normal form. */
  readonly to: { readonly kind: 'https'; readonly url: string } | ServerPlace | FolderPlace;
  /** HH:MM in the store's time zone. */
  readonly at: string;
  readonly parameters: ExportParameters;
}

/** The loosest that is allowed in what protects people. */
export const EXPORT_DEFAULTS: Readonly<ExportParameters> = {
  epsilon: 1, epsilonVisitor: 0.4, delta: 0.000001, crowdMin: 20, cellMin: 10, cellsPerPerson: 4, minutesMax: 180, stayEdges: [15, 45, 90], partEdges: ['12:00', '17:00'],
  tiers: [], teams: [], epsilonYearMax: 366,
};

type Name = keyof ExportParameters;
const NAMES = Object.keys(EXPORT_DEFAULTS) as Name[];
/** Those have settings of their own. */
const LISTS = { tiers: 'PORTICO_EXPORT_TIERS', teams: 'PORTICO_EXPORT_TEAMS' } as const;
/** What the same word would stand for in a release. */
const RESERVED = { tiers: NO_TIER, teams: NO_TEAM } as const;
/** A part of the day shorter than this would say when somebody came. */
const PART_MINUTES_MIN = 180;
/** The same of a length of stay. */
const STAY_MINUTES_MIN = 10;
const DAY_MINUTES = 1440;

/**
 * @param around.dayEndsAt HH:MM
 * @returns frozen; null: nothing is released, and what else is set has to fit all the same
 * @throws PorticoError config_invalid
 */
export function readExport(settings: Static<TObject<typeof EXPORT_SETTINGS>>, { storeId, dayEndsAt }: { storeId: string; dayEndsAt: string }): ExportSettings | null {
  const parameters: ExportParameters = {
    ...EXPORT_DEFAULTS, ...readParameters(settings.PORTICO_EXPORT_PARAMETERS), tiers: listOf(settings.PORTICO_EXPORT_TIERS), teams: listOf(settings.PORTICO_EXPORT_TEAMS),
  };
  const releases = settings.PORTICO_EXPORT_TO !== '';
  const [first] = problemsOfParameters(parameters, releases ? dayEndsAt : null);
  if (first !== undefined) {
    const { parameter, problem } = first;
    const list = parameter === 'tiers' || parameter === 'teams';
    throw new PorticoError('config_invalid', { setting: list ? LISTS[parameter] : 'PORTICO_EXPORT_PARAMETERS', problem: list ? problem : `${parameter} ${problem}` });
  }
  if (!releases) return null;
  if (storeId === '') throw new PorticoError('config_invalid', { setting: 'PORTICO_STORE_ID', problem: 'is missing: of which store are the releases?' });
  for (const each of Object.values(parameters)) if (Array.isArray(each)) Object.freeze(each);
  return Object.freeze({ to: Object.freeze(readTo(settings)), at: settings.PORTICO_EXPORT_AT, parameters: Object.freeze(parameters) });
}

/** Where the box has to connect to; undefined: nowhere. */
export function hostOf(to: ExportSettings['to']): string | undefined {
  return to.kind === 'https' ? new URL(to.url).hostname : to.kind === 'sftp' ? to.host : undefined;
}

function readTo(settings: Static<TObject<typeof EXPORT_SETTINGS>>): ExportSettings['to'] {
  const { PORTICO_EXPORT_TO: to, PORTICO_EXPORT_HOST_KEY: hostKey, PORTICO_EXPORT_MOUNTED: mounted } = settings;
  if (!/^https:\/\//i.test(to)) {
    return readPlace({ to, hostKey, mounted }, { to: 'PORTICO_EXPORT_TO', hostKey: 'PORTICO_EXPORT_HOST_KEY' }, 'of the form https://host/path or sftp://user@host/folder, or a folder such as /mnt/releases');
  }
  const url = urlOf('PORTICO_EXPORT_TO', to);
  // Settings are in every backup: what lets the box in is a secret of its own.
  if (url.username !== '' || url.password !== '' || url.hash !== '') throw new PorticoError('config_invalid', { setting: 'PORTICO_EXPORT_TO', problem: 'must be an address without a name, a password or a "#" in it' });
  return { kind: 'https', url: url.href };
}

// ---- The numbers -------------------------------------------------------------------------------------------------------

/** Forms only; bounds come later. @throws PorticoError config_invalid */
function readParameters(text: string): Partial<ExportParameters> {
  const refuse = (problem: string) => new PorticoError('config_invalid', { setting: 'PORTICO_EXPORT_PARAMETERS', problem });
  const known = NAMES.filter((name) => !(name in LISTS));
  const said = new Map<Name, unknown>();
  for (const each of listOf(text)) {
    const [, name, value] = (/^([A-Za-z]+)=(.+)$/.exec(each) ?? []) as [unknown?, Name?, string?];
    if (name === undefined || value === undefined) throw refuse(`"${each}" is not of the form epsilon=0.5`);
    if (!known.includes(name)) throw refuse(`has no ${name}; there are ${known.join(', ')}`);
    if (said.has(name)) throw refuse(`has ${name} twice`);
    const read = valueOf(name, value);
    if (read === undefined) throw refuse(`${name} must be of the form ${formOf(name)}`);
    said.set(name, read);
  }
  return Object.fromEntries(said);
}

interface Form { type: 'number' | 'integer' | 'string' | 'array'; items?: Form }
const schemaOf = (name: Name) => ReleaseParameters.properties[name] as Form;

/** @returns undefined: of another form */
function valueOf(name: Name, text: string): unknown {
  const one = ({ type }: Form, part: string) => (type === 'string' ? part : type !== 'array' && NUMERALS[type].test(part) ? Number(part) : undefined);
  const schema = schemaOf(name);
  if (schema.type !== 'array') return one(schema, text);
  const list = text.split('/').map((part) => one(schema.items!, part));
  return list.includes(undefined) ? undefined : list;
}

const formOf = (name: Name): string => [EXPORT_DEFAULTS[name]].flat().join('/');

export interface ParameterProblem {
  readonly parameter: Name;
  /** The rest of a sentence that begins with the parameter's name. */
  readonly problem: string;
  /** Whether it would not fit whatever the others are. */
  readonly byItself: boolean;
}

/**
 * What does not fit its bounds, and what does not fit together.
 * @param dayEndsAt HH:MM; null: not asked, as where nothing is released
 */
export function problemsOfParameters(parameters: ExportParameters, dayEndsAt: string | null): ParameterProblem[] {
  const outside = NAMES.flatMap((parameter) => {
    const value = parameters[parameter];
    const schema = schemaOf(parameter);
    const [error] = Errors(schema, value)[1];
    if (error !== undefined) return [{ parameter, problem: error.message, byItself: true }];
    // They are counted in millionths, so that sums over a year are exact.
    return schema.type === 'number' && Number((value as number).toFixed(6)) !== value ? [{ parameter, problem: 'must have at most six decimals', byItself: true }] : [];
  });
  if (outside.length > 0) return outside;

  const { epsilon, epsilonVisitor, epsilonYearMax, minutesMax, partEdges, stayEdges } = parameters;
  const problems: ParameterProblem[] = [];
  const say = (parameter: Name, problem: string, byItself = false) => { problems.push({ parameter, problem, byItself }); };
  if (epsilonVisitor >= epsilon) say('epsilonVisitor', `(${epsilonVisitor}) must be below epsilon (${epsilon}): the other tables share what it leaves`);
  if (epsilonYearMax < epsilon) say('epsilonYearMax', `(${epsilonYearMax}) must not be below epsilon (${epsilon}): no day would be released`);
  if (stayEdges.some((edge, i) => edge <= (stayEdges[i - 1] ?? 0))) say('stayEdges', 'must rise from one to the next');
  else if (stayEdges.at(-1)! >= minutesMax) say('stayEdges', `must be below minutesMax (${minutesMax})`);
  else if ([...stayEdges, minutesMax].some((edge, i) => edge - (stayEdges[i - 1] ?? 0) < STAY_MINUTES_MIN)) say('stayEdges', `must leave each stay at least ${STAY_MINUTES_MIN} minutes`);
  if (dayEndsAt !== null && !arePartsLong(partEdges, dayEndsAt)) say('partEdges', `must rise by the clock from ${dayEndsAt} on, when the day begins, and each part must have at least ${PART_MINUTES_MIN / 60} hours, the last one, until the day ends, too`);
  for (const list of ['tiers', 'teams'] as const) {
    const names = parameters[list].map((name) => name.toLowerCase());
    if (names.includes(RESERVED[list])) say(list, `must not have "${RESERVED[list]}" among them: a release uses that name for whoever is in none`, true);
    if (new Set(names).size < names.length) say(list, 'must not have the same name twice, in whatever case');
  }
  return problems;
}

/** Only the last part goes on over midnight: what is on the clock before the day's end counts there, so no edge may lie there. */
function arePartsLong(edges: readonly string[], dayEndsAt: string): boolean {
  const [begin, ...minutes] = [dayEndsAt, ...edges].map((time) => 60 * Number(time.slice(0, 2)) + Number(time.slice(3))) as [number, ...number[]];
  return [...minutes, begin + DAY_MINUTES].every((minute, i) => minute - (minutes[i - 1] ?? begin) >= PART_MINUTES_MIN);
}
