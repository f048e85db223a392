/** A store that makes releases as a box does: real files, real signatures, figures of nobody. The same seed gives the same figures; keys are new each time. */
import { createHash, createPublicKey, generateKeyPairSync, randomUUID, sign, type KeyObject } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  RELEASE_FORMAT, RELEASE_SCHEMA_VERSION, type KeySet, type ReleaseDocument, type ReleaseManifest, type ReleaseTableSpec, type SkipReason,
} from '../../appliance/contract/index.js';
import { archiveNameOf, archiveOf, filesOf } from '../../appliance/export/archive.js';
import { makeProfile } from '../../appliance/export/profile.js';
import { readKeys } from '../../appliance/papers/index.js';
import { seededRandom } from '../bench/random.js';

export interface MadeRelease { name: string; archive: Buffer; sha256: string; manifest: ReleaseManifest; document: ReleaseDocument }
/** What is made otherwise than a box would, before it is signed. */
export interface Changes {
  manifest?: (manifest: ReleaseManifest) => unknown;
  document?: (document: ReleaseDocument) => unknown;
  files?: (files: { name: string; bytes: Buffer }[]) => { name: string; bytes: Buffer }[];
  /** Of the header of the statement. */
  typ?: string;
}

const PROFILE = makeProfile({
  epsilon: 1, epsilonVisitor: 0.4, delta: 0.000001, crowdMin: 20, cellMin: 10, cellsPerPerson: 4, minutesMax: 180, stayEdges: [15, 45, 90], partEdges: ['12:00', '17:00'],
  tiers: ['金卡', '银卡', 'Black'], teams: ['A', 'B'], epsilonYearMax: 366,
});
const PARAMETERS = PROFILE.parameters;
/** All six, as a box has them. */
export const TABLES: readonly ReleaseTableSpec[] = PROFILE.tables;
export const CELLS_A_DAY = TABLES.reduce((sum, { cells }) => sum + cells.length, 0);

export class StoreReleases {
  readonly store: string;
  readonly #key: KeyObject;
  readonly keys: KeySet;
  readonly #random: () => number;
  #chain = { id: randomUUID() as string, number: 0, previous: null as string | null };
  #spent: { day: string; epsilon: number }[] = [];

  constructor(store: string, { seed = 1, key }: { seed?: number; key?: KeyObject } = {}) {
    this.store = store;
    this.#key = key ?? generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
    this.keys = readKeys(createPublicKey(this.#key).export({ type: 'spki', format: 'pem' }) as string);
    this.#random = seededRandom(seed);
  }

  get key(): KeyObject {
    return this.#key;
  }

  /** As after a restore: the releases of before are not known any more. */
  newChain(): void {
    this.#chain = { id: randomUUID(), number: 0, previous: null };
    this.#spent = [];
  }

  /** The next of the chain. @param people how many were there, about */
  next(day: string, { skipped = null, people = 240, changes = {} }: { skipped?: SkipReason | null; people?: number; changes?: Changes } = {}): MadeRelease {
    const made = this.make(day, { ...this.#chain, number: this.#chain.number + 1 }, skipped, people, changes);
    this.#chain = { ...this.#chain, number: this.#chain.number + 1, previous: made.sha256 };
    return made;
  }

  /** One that does not move the chain on. */
  make(day: string, chain: ReleaseManifest['chain'], skipped: SkipReason | null = null, people = 240, changes: Changes = {}): MadeRelease {
    const document: ReleaseDocument = {
      format: RELEASE_FORMAT, schemaVersion: RELEASE_SCHEMA_VERSION, store: this.store, day, status: skipped === null ? 'released' : 'skipped', reason: skipped,
      cells: skipped === null ? this.#cells(people) : [], storedPersons: 1_000 + Math.floor(this.#random() * 50),
    };
    changes.document?.(document);
    const made = filesOf(document, TABLES);
    const files = changes.files?.(made.map((file) => ({ ...file }))) ?? made;
    const spent = skipped === 'budget' ? 0 : PARAMETERS.epsilon;
    this.#spent = [...this.#spent.filter((each) => Date.parse(each.day) > Date.parse(day) - 365 * 86_400_000), { day, epsilon: spent }];
    const manifest: ReleaseManifest = {
      format: RELEASE_FORMAT, schemaVersion: RELEASE_SCHEMA_VERSION, store: this.store, day, timeZone: 'Asia/Shanghai', dayEndsAt: '04:00', chain, status: document.status,
      reason: document.reason, parameters: structuredClone(PARAMETERS), tables: structuredClone([...TABLES]),
      epsilon: { spent, dayMax: 1, yearSpent: this.#spent.reduce((sum, { epsilon }) => sum + epsilon, 0), yearMax: PARAMETERS.epsilonYearMax },
      suppressedShare: skipped === null ? document.cells.filter(({ count }) => count === null).length / document.cells.length : null,
      storedPersons: document.storedPersons, softwareVersion: '0.2.0',
      files: files.map(({ name, bytes }) => ({ name: name as ReleaseManifest['files'][number]['name'], bytes: bytes.length, sha256: sha256(bytes) })),
    };
    changes.manifest?.(manifest);
    const archive = archiveOf({ manifestJws: signed(manifest, this.#key, this.keys.keys[0]!.kid, changes.typ), files });
    return { name: archiveNameOf(manifest.store, manifest.day), archive, sha256: sha256(archive), manifest, document };
  }

  #cells(people: number): ReleaseDocument['cells'] {
    return TABLES.flatMap(({ table, cells, countedShare, noiseScale }) => {
      const share = countedShare.numerator / countedShare.denominator;
      const scale = noiseScale.numerator / noiseScale.denominator;
      const weights = cells.map(() => 0.05 + this.#random() ** 2);
      const whole = weights.reduce((sum, weight) => sum + weight, 0);
      return cells.map((cell, at) => {
        const count = Math.round(people * share * weights[at]! / whole) + this.#noise(scale);
        if (count < PARAMETERS.cellMin) return { table, cell, count: null, estimate: null, standardError: null };
        const variance = 2 * scale ** 2 + count * (1 - share);
        return { table, cell, count, estimate: tenths(count / share), standardError: tenths(Math.sqrt(variance) / share) };
      });
    });
  }

  /** Discrete Laplace: the difference of two geometric ones. */
  #noise(scale: number): number {
    const geometric = () => Math.floor(Math.log(1 - this.#random()) * -scale);
    return geometric() - geometric();
  }
}

/** By hand, so that what is checked is not what is made with. */
export function signed(claims: object, key: KeyObject, kid: string, typ = 'portico-release+jwt'): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'ES256', kid, typ })}.${part(claims)}`;
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

/** `count` days from `first` on. */
export function daysFrom(first: string, count: number): string[] {
  return Array.from({ length: count }, (_, at) => new Date(Date.parse(first) + at * 86_400_000).toISOString().slice(0, 10));
}

/** As head office keeps them: a folder for each store. */
export function keep(folder: string, releases: readonly MadeRelease[]): void {
  for (const { name, archive, manifest } of releases) {
    mkdirSync(join(folder, manifest.store), { recursive: true });
    writeFileSync(join(folder, manifest.store, name), archive);
  }
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const tenths = (value: number): number => Math.round(value * 10) / 10;
