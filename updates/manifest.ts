/** What an update says of itself, and whether it is one for this box: pure rules. */
import semver from 'semver';
import { Type, type Static } from 'typebox';
import { Check } from 'typebox/value';
import { PorticoError } from '../appliance/kit/index.js';

/** A release is about 10,000 files and 600 MB; five times that is no release. */
export const FILES_MAX = 50_000;
export const UNPACKED_BYTES_MAX = 3_000_000_000;
export const MANIFEST_BYTES_MAX = 16_000_000;
export const SIGNATURE_BYTES_MAX = 4_096;
export const PAYLOAD_BYTES_MAX = 2_000_000_000;
/** POSIX allows 4,096; nothing of ours comes near. */
const PATH_LENGTH_MAX = 400;

const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const Version = Type.String({ minLength: 5, maxLength: 40, pattern: '^[0-9]+\\.[0-9]+\\.[0-9]+[0-9A-Za-z.-]*$' });
const closed = { additionalProperties: false } as const;

export const Manifest = Type.Object({
  kind: Type.Literal('update'),
  format: Type.Literal(1),
  version: Version,
  /** As Node names it (process.arch). */
  arch: Type.String({ pattern: '^[a-z0-9]{2,12}$' }),
  /** The Node that it brings along. */
  node: Version,
  /** What has to run before; null: anything older. */
  minVersion: Type.Union([Version, Type.Null()]),
  createdAt: Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$' }),
  payload: Type.Object({ bytes: Type.Integer({ minimum: 1, maximum: PAYLOAD_BYTES_MAX }), sha256: Sha256 }, closed),
  /** By path below the release's folder. */
  files: Type.Record(Type.String(), Type.Object({
    bytes: Type.Integer({ minimum: 0, maximum: UNPACKED_BYTES_MAX }), sha256: Sha256, executable: Type.Boolean(),
  }, closed)),
}, closed);
export type Manifest = Static<typeof Manifest>;

/** What has to be in every release: the box starts from these. */
const REQUIRED = ['bin/node', 'app/package.json', 'app/dist/appliance/start.js', 'app/dist/cli/portico.js', 'release.json'] as const;

/**
 * Reads a manifest, whoever wrote it.
 * @throws PorticoError update_damaged {reason}
 */
export function readManifest(bytes: Uint8Array): Manifest {
  const refuse = (reason: string, cause?: unknown) => new PorticoError('update_damaged', { reason }, { cause });
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw refuse('the manifest is not JSON', cause);
  }
  if (!Check(Manifest, value)) throw refuse('the manifest is not one of an update');
  if (semver.valid(value.version) !== value.version) throw refuse('the version is not one');
  const paths = Object.keys(value.files);
  if (paths.length > FILES_MAX) throw refuse(`more than ${FILES_MAX} files`);
  const bad = paths.find((path) => !isPlainPath(path));
  if (bad !== undefined) throw refuse('a path leads out of the release');
  const clash = clashIn(paths);
  if (clash !== null) throw refuse(`${clash} is a file and a folder`);
  if (unpackedBytes(value) > UNPACKED_BYTES_MAX) throw refuse(`more than ${UNPACKED_BYTES_MAX} bytes`);
  const missing = REQUIRED.find((path) => !Object.hasOwn(value.files, path));
  if (missing !== undefined) throw refuse(`${missing} is missing`);
  return value;
}

export function unpackedBytes({ files }: Pick<Manifest, 'files'>): number {
  return Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * Whether an update may be applied to what runs.
 * @param box.running version of the release that `current` leads to
 * @param box.newest the newest version that this box was ever well with; null: not known
 * @throws PorticoError update_other_machine, update_older, update_needs_another
 */
export function requireFits(manifest: Manifest, box: { arch: string; running: string; newest: string | null }): void {
  const { version, arch, minVersion } = manifest;
  if (arch !== box.arch) throw new PorticoError('update_other_machine', { update: arch, box: box.arch });
  const mustExceed = box.newest !== null && semver.gt(box.newest, box.running) ? box.newest : box.running;
  if (!semver.gt(version, mustExceed)) throw new PorticoError('update_older', { update: version, box: mustExceed });
  if (minVersion !== null && semver.lt(box.running, minVersion)) throw new PorticoError('update_needs_another', { first: minVersion, box: box.running });
}

/** A path in its one plain form: relative, no dots, nothing that another system reads as something else. */
function isPlainPath(path: string): boolean {
  if (path.length === 0 || path.length > PATH_LENGTH_MAX || /[\\\0-\x1f\x7f:]/.test(path)) return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

function clashIn(paths: readonly string[]): string | null {
  const files = new Set(paths);
  for (const path of paths) {
    for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) if (files.has(path.slice(0, at))) return path.slice(0, at);
  }
  return null;
}
