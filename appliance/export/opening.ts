/** A release opened as head office does: nothing in it is believed before the signature, and every form of it is held against the others. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { Compile } from 'typebox/schema';
import {
  RELEASE_FILES, RELEASE_SCHEMA_VERSION, ReleaseDocument, ReleaseManifest, type KeySet, type ReleaseTableSpec,
} from '../contract/index.js';
import { isPorticoError, PorticoError } from '../kit/index.js';
import { readPlainZip, verifyStatement } from '../papers/index.js';
import { archiveOf, csvOf, jsonOf, MANIFEST_FILE, RELEASE_COLUMNS, rowsOf, type ReleaseFile, type ReleaseFileName } from './archive.js';
import { makeProfile, type Profile } from './profile.js';

/** A release of all tables with six tiers and six teams has 17 KB. */
export const ARCHIVE_BYTES_MAX = 262_144;
/** Epsilon is counted in millionths; what is smaller is of adding numbers. */
const EPSILON_SLACK = 1e-7;
/** Estimates have one decimal. */
const ESTIMATE_SLACK = 0.051;

export interface OpenedRelease {
  readonly manifest: ReleaseManifest;
  readonly document: ReleaseDocument;
  /** As RELEASE_FILES. */
  readonly files: readonly ReleaseFile[];
  /** Of the whole archive, hexadecimal: what is acknowledged, and what the next release names. */
  readonly sha256: string;
  /** Thumbprint of the key that signed (RFC 7638). */
  readonly kid: string;
}

type Validator<T> = { Check(value: unknown): value is T; Errors(value: unknown): [boolean, { instancePath: string; message: string }[]] };
let compiled: { document: Validator<ReleaseDocument>; manifest: Validator<ReleaseManifest> } | null = null;
const validators = () => (compiled ??= { document: Compile(ReleaseDocument), manifest: Compile(ReleaseManifest) });

/**
 * @param keys the public keys of the store's box, known from elsewhere
 * @throws PorticoError release_invalid {reason}; release_too_new {schemaVersion}: signed by one of the keys, in a form that this program does not know
 */
export async function openRelease(archive: Buffer, keys: KeySet): Promise<OpenedRelease> {
  try {
    return await open(archive, keys);
  } catch (cause) {
    // Of the archive and of the signature, in the words of papers/.
    if (isPorticoError(cause, 'receipt_invalid')) throw refusal(String(cause.details?.['reason']), cause);
    throw isPorticoError(cause) ? cause : refusal('it cannot be read', cause);
  }
}

async function open(archive: Buffer, keys: KeySet): Promise<OpenedRelease> {
  if (archive.length > ARCHIVE_BYTES_MAX) throw refusal(`it has more than ${ARCHIVE_BYTES_MAX} bytes`);
  const entries = await readPlainZip(archive, ARCHIVE_BYTES_MAX);
  const signed = entries.get(MANIFEST_FILE);
  if (signed === undefined) throw refusal(`${MANIFEST_FILE} is missing`);
  const manifestJws = signed.toString('utf8');
  const { type, kid, claims } = await verifyStatement(manifestJws, keys);
  if (type !== 'release') throw refusal('what is signed is no manifest of a release');
  const version = claims['schemaVersion'];
  if (typeof version === 'number' && version > RELEASE_SCHEMA_VERSION) throw new PorticoError('release_too_new', { schemaVersion: version });
  const { manifest: ofManifest, document: ofDocument } = validators();
  const manifest = fits(ofManifest, claims, MANIFEST_FILE);

  for (const name of entries.keys()) if (name !== MANIFEST_FILE && !isReleaseFile(name)) throw refusal(`${name} does not belong in it`);
  const files = RELEASE_FILES.map((name): ReleaseFile => {
    const bytes = entries.get(name);
    const listed = manifest.files.filter((file) => file.name === name);
    if (bytes === undefined) throw refusal(`${name} is missing`);
    if (listed.length !== 1 || listed[0]!.bytes !== bytes.length || listed[0]!.sha256 !== sha256(bytes)) throw refusal(`${name} is not as the manifest lists it`);
    return { name, bytes };
  });
  if (!archiveOf({ manifestJws, files }).equals(archive)) throw refusal('the archive itself is not as the box wrote it');

  const document = fits(ofDocument, parsed(files[0]!), 'release.json');
  check(manifest, document);
  await checkForms(document, manifest.tables, files);
  return { manifest, document, files, sha256: sha256(archive), kid };
}

/** What the box is about to sign is what head office takes, or nothing is signed. @throws PorticoError release_invalid {reason} */
export function requireForm(manifest: unknown, document: unknown): void {
  check(fits(validators().manifest, manifest, MANIFEST_FILE), fits(validators().document, document, 'release.json'));
}

function check(manifest: ReleaseManifest, document: ReleaseDocument): void {
  checkAgreement(manifest, document);
  checkCells(manifest, document);
  checkEpsilon(manifest);
}

/** What stands in an archive of this box, out of its own database: it needs no proof. */
export async function readOwn(archive: Buffer): Promise<{ manifest: ReleaseManifest; document: ReleaseDocument }> {
  const entries = await readPlainZip(archive, ARCHIVE_BYTES_MAX);
  const payload = entries.get(MANIFEST_FILE)!.toString('utf8').split('.')[1]!;
  return {
    manifest: JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as ReleaseManifest,
    document: JSON.parse(entries.get('release.json')!.toString('utf8')) as ReleaseDocument,
  };
}

/** What both say, they say alike. */
function checkAgreement(manifest: ReleaseManifest, document: ReleaseDocument): void {
  for (const field of ['store', 'day', 'status', 'reason', 'storedPersons'] as const) {
    if (manifest[field] !== document[field]) throw refusal(`manifest and release.json do not agree in ${field}`);
  }
  if ((manifest.status === 'skipped') !== (manifest.reason !== null)) throw refusal(`the status ${manifest.status} and the reason do not go together`);
  if ((manifest.chain.number === 1) !== (manifest.chain.previous === null)) throw refusal('only the first release of a chain has none before it');
}

/** A fleet's boxes have a few different ones. */
const PROFILES_KEPT = 1_000;
const profiles = new Map<string, Profile>();
/** It is the one number that is reckoned with logarithms, whose last digit may differ between machines. */
const THRESHOLD_SLACK = 1;

function profileOf(parameters: ReleaseManifest['parameters']): Profile {
  const key = JSON.stringify(parameters);
  let profile = profiles.get(key);
  if (profile === undefined) {
    profile = makeProfile(parameters);
    if (profiles.size >= PROFILES_KEPT) profiles.clear();
    profiles.set(key, profile);
  }
  return profile;
}

/** Every cell of every table, in its order: of fixed lists and of those that the parameters give, nothing else; and none below what was promised. */
function checkCells({ status, tables, parameters, suppressedShare }: ReleaseManifest, { cells }: ReleaseDocument): void {
  const { tables: expected, parameters: { crowdWithNoise } } = profileOf(parameters);
  if (!isDeepStrictEqual(tables, expected)) throw refusal('the tables, their cells or their noise do not follow from the parameters');
  if (Math.abs(crowdWithNoise - parameters.crowdWithNoise) > THRESHOLD_SLACK) throw refusal('crowdWithNoise does not follow from the parameters');
  if (status === 'skipped') {
    if (cells.length > 0 || suppressedShare !== null) throw refusal('a day that was skipped has figures');
    return;
  }
  const wanted = tables.flatMap(({ table, cells: names, countedShare }) => names.map((cell) => ({ table, cell, share: countedShare.numerator / countedShare.denominator })));
  if (cells.length !== wanted.length) throw refusal('the cells are not those that the manifest names');
  for (const [at, { table, cell, count, estimate, standardError }] of cells.entries()) {
    const { table: itsTable, cell: itsCell, share } = wanted[at]!;
    if (table !== itsTable || cell !== itsCell) throw refusal('the cells are not those that the manifest names');
    if ((count === null) !== (estimate === null) || (count === null) !== (standardError === null)) throw refusal(`${table} ${cell} is withheld by half`);
    if (count !== null && count < parameters.cellMin) throw refusal(`${table} ${cell} is below cellMin and was not withheld`);
    if (count !== null && Math.abs(estimate! - count / share) > ESTIMATE_SLACK) throw refusal(`the estimate of ${table} ${cell} does not follow from its count`);
  }
  const share = cells.filter(({ count }) => count === null).length / cells.length;
  if (suppressedShare === null || Math.abs(suppressedShare - share) > 0.001) throw refusal('suppressedShare is not the share of cells that are withheld');
}

function checkEpsilon({ reason, epsilon: { spent, dayMax, yearSpent, yearMax }, parameters }: ReleaseManifest): void {
  const bounds = [[spent, dayMax], [spent, parameters.epsilon], [spent, yearSpent], [yearMax, parameters.epsilonYearMax]] as const;
  // A year's bound that was lowered since lies below what was spent before: then nothing more is.
  const isOver = yearSpent > yearMax + EPSILON_SLACK && !(reason === 'budget' && spent === 0);
  if (isOver || bounds.some(([less, more]) => less > more + EPSILON_SLACK)) throw refusal('epsilon is above its bounds');
}

/** All three forms say the same. Text is compared byte by byte; Parquet can be written in many ways, as by another version of its writer, so what stands in it is. */
async function checkForms(document: ReleaseDocument, tables: readonly ReleaseTableSpec[], [json, csv, parquet]: readonly ReleaseFile[]): Promise<void> {
  const differs = !jsonOf(document).equals(json!.bytes) ? json : !csvOf(document, tables).equals(csv!.bytes) ? csv : !await saysTheSame(parquet!.bytes, document, tables) ? parquet : undefined;
  if (differs !== undefined) throw refusal(`${differs.name} does not say what release.json says`);
}

async function saysTheSame(parquet: Buffer, document: ReleaseDocument, tables: readonly ReleaseTableSpec[]): Promise<boolean> {
  const file = parquet.buffer.slice(parquet.byteOffset, parquet.byteOffset + parquet.byteLength) as ArrayBuffer;
  const metadata = parquetMetadata(file);
  const { schema: [root, ...columns] } = metadata;
  const isAsItShouldBe = ({ name, type, converted_type: converted, repetition_type: repetition }: (typeof columns)[number], at: number) => {
    const wanted = RELEASE_COLUMNS[at];
    return name === wanted?.name && type === wanted.type && converted === wanted.converted_type && repetition === wanted.repetition_type;
  };
  if (root?.num_children !== RELEASE_COLUMNS.length || columns.length !== RELEASE_COLUMNS.length || !columns.every(isAsItShouldBe)) return false;
  const wanted = rowsOf(document, tables);
  if (Number(metadata.num_rows) !== wanted.length) return false; // before they are unpacked
  const rows = await parquetReadObjects({ file, metadata });
  return rows.length === wanted.length && wanted.every((row, at) => RELEASE_COLUMNS.every(({ name }) => {
    const given: unknown = rows[at]![name] ?? null;
    return given === row[name] || (name === 'day' && given instanceof Date && given.getTime() === Date.parse(row.day));
  }));
}

function fits<T>(validator: Validator<T>, value: unknown, name: string): T {
  if (validator.Check(value)) return value;
  const [, [first]] = validator.Errors(value);
  throw refusal(`${name} is not of this schema: ${first === undefined ? '' : `${first.instancePath || 'it'} ${first.message}`}`);
}

function parsed({ name, bytes }: ReleaseFile): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch (cause) {
    throw refusal(`${name} is not JSON`, cause);
  }
}

const isReleaseFile = (name: string): name is ReleaseFileName => (RELEASE_FILES as readonly string[]).includes(name);
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

function refusal(reason: string, cause?: unknown): PorticoError {
  return new PorticoError('release_invalid', { reason }, { cause });
}
