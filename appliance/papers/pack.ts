import { createHash, createPublicKey, verify as verifyBytes } from 'node:crypto';
import {
  startTold, whatIsWrongWithStart,
  type Assessment, type Breach, type Deletion, type KeySet, type Notice, type RetentionTable, type RightsRequest, type SealedEvidence, type StaffMember, type Station,
} from '../contract/index.js';
import { isPorticoError, PorticoError } from '../kit/index.js';
import { checkConsents, type ConsentsReport } from './packConsents.js';
import { README } from './packReadme.js';
import type { ChainHead } from './receipt.js';
import { readKeys, toJwk, verifyStatement, type Signer } from './signer.js';
import { readPlainZip } from './zip.js';

/** One entry of the audit log as it is stored, so that its hash can be worked out anew. */
export interface ChainEntry {
  seq: number;
  at_ms: number;
  action: string;
  staff_id: string | null;
  device_id: string | null;
  customer_id: string | null;
  /** JSON text, exactly as hashed. */
  detail: string;
  hash: string;
}

/** What an audit pack holds. Lists that can be long are read one by one as the pack is written. */
export interface PackContents {
  storeName: string;
  madeAt: string;
  notices: Iterable<Notice>;
  /** With the strokes of the signatures: they are the evidence. */
  consents: Iterable<SealedEvidence>;
  deletions: Iterable<Deletion>;
  assessments: Iterable<Assessment>;
  breaches: Iterable<Breach>;
  requests: Iterable<RightsRequest>;
  stations: readonly Station[];
  retention: RetentionTable;
  roles: { staff: readonly StaffMember[]; /** Which role may do what. */ permissions: Record<string, readonly string[]> };
  /** `start`: what stands before the first entry. */
  accesses: { start: ChainHead; entries: Iterable<ChainEntry> };
}

interface PackedFile { name: string; bytes: number; sha256: string }
export interface Manifest {
  product: 'Portico';
  format: 1;
  storeName: string;
  madeAt: string;
  /** Thumbprint of the key that signed (RFC 7638). */
  kid: string;
  accesses: { start: ChainHead; end: ChainHead; entries: number };
  files: PackedFile[];
}

/** Text collected before it goes into the archive, and between two looks at other work. */
const CHUNK_CHARACTERS = 128 * 1024;
const SUMS = 'SHA256SUMS';
const SUMS_SIGNATURE = 'SHA256SUMS.sig';
/** What is written after the manifest, and the manifest itself: it cannot list them. */
const AFTER_THE_LIST = ['manifest.json', 'manifest.jws', 'public.pem', 'public.jwks.json', 'README.txt'];

/**
 * The audit pack: a zip archive, written piece by piece. Each file's SHA-256 stands in SHA256SUMS, whose signature can be
 * checked with openssl; manifest.jws says the same to JWT tools.
 */
export async function* auditPack(contents: PackContents, signer: Signer): AsyncGenerator<Uint8Array> {
  const { Zip, ZipDeflate } = await import('fflate');
  const ready: Uint8Array[] = [];
  let failed: Error | null = null;
  const zip = new Zip((error, chunk) => {
    if (error !== null) failed = error;
    else ready.push(chunk);
  });
  const listed: PackedFile[] = [];

  /** Writes one file and yields what of the archive is ready. */
  async function* put(name: string, pieces: Iterable<string | Uint8Array>): AsyncGenerator<Uint8Array> {
    const file = new ZipDeflate(name, { level: 6 });
    file.mtime = contents.madeAt;
    zip.add(file);
    const hash = createHash('sha256');
    let bytes = 0;
    for (const piece of inChunks(pieces)) {
      hash.update(piece);
      bytes += piece.length;
      file.push(piece);
      if (failed !== null) throw failed;
      yield* ready.splice(0);
      await new Promise((resolve) => { setImmediate(resolve); });
    }
    file.push(new Uint8Array(0), true);
    yield* ready.splice(0);
    listed.push({ name, bytes, sha256: hash.digest('hex') });
  }

  const { start, entries } = contents.accesses;
  const chain = { start, end: start, entries: 0 };
  function* accessLines(): Generator<string> {
    for (const entry of entries) {
      chain.end = { seq: entry.seq, hash: entry.hash };
      chain.entries += 1;
      yield `${JSON.stringify(entry)}\n`;
    }
  }
  yield* put('rules/notices.jsonl', lines(contents.notices));
  yield* put('rules/retention.json', [pretty(contents.retention)]);
  yield* put('rules/roles.json', [pretty(contents.roles)]);
  yield* put('rules/stations.json', [pretty(contents.stations)]);
  yield* put('consents.jsonl', lines(contents.consents));
  yield* put('deletions.jsonl', lines(contents.deletions));
  yield* put('assessments.jsonl', lines(contents.assessments));
  yield* put('breaches.jsonl', lines(contents.breaches));
  yield* put('requests.jsonl', lines(contents.requests));
  yield* put('accesses.jsonl', accessLines());

  const { storeName, madeAt } = contents;
  const manifest: Manifest = { product: 'Portico', format: 1, storeName, madeAt, kid: signer.kid(), accesses: chain, files: [...listed] };
  const manifestText = pretty(manifest);
  yield* put('manifest.json', [manifestText]);
  yield* put('manifest.jws', [`${await signer.sign('pack', {
    iss: storeName, iat: Math.floor(Date.parse(madeAt) / 1000), audit: chain.end, manifestSha256: sha256(manifestText),
  })}\n`]);
  yield* put('public.pem', [signer.publicPem()]);
  yield* put('public.jwks.json', [pretty({ keys: [toJwk(createPublicKey(signer.publicPem()))] } satisfies KeySet)]);
  yield* put('README.txt', [README]);
  const sums = Buffer.from(listed.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join(''));
  yield* put(SUMS, [sums]);
  yield* put(SUMS_SIGNATURE, [signer.signBytes(sums)]);
  zip.end();
  yield* ready.splice(0);
}

export interface PackReport { manifest: Manifest; files: number; consents: ConsentsReport }

/**
 * Checks a pack without the box: an archive that all programs unpack alike, signature, every file and no other, manifest, audit chain, and each consent against its seal and the chain.
 * @param keys the public keys of the box, known from elsewhere; null: only the key in the pack is at hand
 * @throws PorticoError receipt_invalid, which says what does not fit
 */
export async function verifyPack(bytes: Buffer, keys: KeySet | null): Promise<PackReport> {
  const refuse = (reason: string, cause?: unknown) => new PorticoError('receipt_invalid', { reason }, { cause });
  const files = await readPlainZip(bytes);
  const need = (name: string): Buffer => {
    const file = files.get(name);
    if (file === undefined) throw refuse(`${name} is missing`);
    return file;
  };
  const pem = need('public.pem').toString('utf8');
  const own = readKeys(pem);
  const kid = own.keys[0]!.kid;
  if (keys !== null && !keys.keys.some((key) => key.kid === kid)) throw refuse('signed with a key that is not among those given');
  const sums = need(SUMS);
  if (!verifyBytes('sha256', sums, { key: createPublicKey(pem), dsaEncoding: 'der' }, need(SUMS_SIGNATURE))) throw refuse(`the signature of ${SUMS} does not fit`);

  const listed = new Map(sums.toString('utf8').trimEnd().split('\n').map((line) => [line.slice(66), line.slice(0, 64)]));
  for (const [name, wanted] of listed) if (sha256(need(name)) !== wanted) throw refuse(`${name} was altered`);
  for (const name of files.keys()) if (!listed.has(name) && name !== SUMS && name !== SUMS_SIGNATURE) throw refuse(`${name} was added`);

  const manifest = JSON.parse(need('manifest.json').toString('utf8')) as Manifest;
  const inManifest = new Map(manifest.files.map(({ name, sha256 }) => [name, sha256]));
  for (const name of new Set([...listed.keys(), ...inManifest.keys()])) {
    if (!AFTER_THE_LIST.includes(name) && listed.get(name) !== inManifest.get(name)) throw refuse(`${name} is not as the manifest lists it`);
  }
  const { type, claims } = await verifyStatement(need('manifest.jws').toString('utf8').trim(), own);
  if (type !== 'pack' || claims['manifestSha256'] !== sha256(need('manifest.json'))) throw refuse('manifest.jws is of another pack');
  const read = <T>(name: string): T[] => {
    try {
      return need(name).toString('utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as T);
    } catch (cause) {
      throw isPorticoError(cause) ? cause : refuse(`${name} has a line that cannot be read`, cause);
    }
  };
  const log = read<ChainEntry>('accesses.jsonl');
  const prunedBeforeMs = checkChain(log, manifest, refuse);
  return { manifest, files: files.size, consents: checkConsents(read<SealedEvidence>('consents.jsonl'), log, prunedBeforeMs, refuse) };
}

/** The formula of README.txt. @returns what is older may be over its term and gone; 0: nothing is */
function checkChain(log: readonly ChainEntry[], { madeAt, accesses: { start, end } }: Manifest, refuse: (reason: string) => PorticoError): number {
  const pruning = log.findLast(({ action }) => action === 'audit_pruned');
  const wrong = whatIsWrongWithStart(start, log, pruning, Date.parse(madeAt));
  if (wrong === 'cut') throw refuse('the beginning of the audit log was cut off, or is not where its newest audit_pruned says');
  if (wrong === 'clock') throw refuse('old entries of the audit log were deleted on a day after the pack was made');
  let { seq, hash } = start;
  for (const entry of log) {
    const own = [entry.seq, entry.at_ms, entry.action, entry.staff_id, entry.device_id, entry.customer_id, entry.detail];
    if (entry.seq !== seq + 1 || sha256(`${hash}\n${JSON.stringify(own)}`) !== entry.hash) throw refuse(`the audit log is broken at entry ${seq + 1}`);
    ({ seq, hash } = entry);
  }
  if (seq !== end.seq || hash !== end.hash) throw refuse('the audit log ends elsewhere than the manifest says');
  return pruning === undefined ? 0 : startTold(pruning).beforeMs;
}

function* lines(rows: Iterable<object>): Generator<string> {
  for (const row of rows) yield `${JSON.stringify(row)}\n`;
}

/** Short texts put together, long ones as they are. */
function* inChunks(pieces: Iterable<string | Uint8Array>): Generator<Uint8Array> {
  let text = '';
  for (const piece of pieces) {
    if (typeof piece !== 'string') yield piece;
    else text += piece;
    if (text.length < CHUNK_CHARACTERS) continue;
    yield Buffer.from(text);
    text = '';
  }
  if (text !== '') yield Buffer.from(text);
}

function pretty(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
