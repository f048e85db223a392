/** Update files where they are made: at the organisation, from a finished release tree. */
import { createReadStream, existsSync, lstatSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { create } from 'tar';
import { isPorticoError, PorticoError, type Clock } from '../appliance/kit/index.js';
import { signFile, verifyFile, type SigningKey } from '../provisioning/signing.js';
import { openContainer, writeContainer, type Container } from './container.js';
import { readManifest, type Manifest } from './manifest.js';
import { readPayload } from './payload.js';
import { sha256Of, syncFolder } from './whole.js';

/** Which box an update is for: `portico-0.2.0-x64.update`. */
export const bundleName = ({ version, arch }: Pick<Manifest, 'version' | 'arch'>): string => `portico-${version}-${arch}.update`;

export interface Bundle { container: Container; manifest: Manifest; keyId: string }

/**
 * Opens an update and checks who made it; the payload is read later, against the manifest.
 * @param pinned public key of the organisation (DER, base64); null: any organisation's
 * @throws PorticoError update_unsigned, update_damaged
 */
export function openBundle(file: string, pinned: string | null): Bundle {
  const container = openContainer(file);
  return { container, keyId: requireSigned(container, pinned), manifest: readManifest(container.manifest) };
}

/**
 * The same without a box: signature, manifest, and every file of it.
 * @throws PorticoError update_unsigned, update_damaged
 */
export async function checkBundle(file: string, pinned: string | null, told?: (share: number) => void): Promise<Bundle> {
  const bundle = openBundle(file, pinned);
  await readPayload(bundle.container, bundle.manifest, undefined, told);
  return bundle;
}

function requireSigned({ manifest, signature }: Container, pinned: string | null): string {
  try {
    return verifyFile(manifest, signature.length === 0 ? null : signature, pinned).keyId;
  } catch (error) {
    if (!isPorticoError(error)) throw error;
    throw new PorticoError('update_unsigned', { reason: error.code, ...error.details }, { cause: error });
  }
}

/**
 * Makes an update, not signed yet, from a release tree (packaging/).
 * @param options.level of gzip, 1 quick to 9 small; default 6
 * @param options.minVersion what has to run before; null: anything older
 * @returns the file
 * @throws PorticoError update_damaged when the tree is none; Error when the file is there already
 */
export async function makeBundle(options: { tree: string; folder: string; minVersion: string | null; clock: Clock; level?: number }): Promise<{ file: string; manifest: Manifest }> {
  const { tree, folder, minVersion, clock, level = 6 } = options;
  if (!existsSync(join(tree, 'release.json'))) throw new PorticoError('update_no_release', { tree });
  const release = JSON.parse(readFileSync(join(tree, 'release.json'), 'utf8')) as { version: string; arch: string; node: string };
  const file = join(folder, bundleName(release));
  if (existsSync(file)) throw new PorticoError('key_file_exists', { file });
  const payloadFile = `${file}.payload`;
  const paths = await plainFilesBelow(tree);
  const files: Manifest['files'] = {};
  for (const path of paths) {
    const { size, mode } = lstatSync(join(tree, path));
    files[path] = { bytes: size, sha256: await sha256Of(join(tree, path)), executable: (mode & 0o100) !== 0 };
  }
  try {
    // As it will be unpacked: no owner, no times of this machine. No path begins with @, which would name another archive: all are app/, bin/, release.json.
    await create({ cwd: tree, file: payloadFile, gzip: { level }, portable: true, noDirRecurse: true, mtime: new Date(0), follow: false }, paths);
    const manifest = readManifest(Buffer.from(JSON.stringify({
      kind: 'update', format: 1, version: release.version, arch: release.arch, node: release.node.replace(/^v/, ''), minVersion,
      createdAt: new Date(clock.now()).toISOString(), payload: { bytes: lstatSync(payloadFile).size, sha256: await sha256Of(payloadFile) }, files,
    })));
    await writeContainer(file, Buffer.from(`${JSON.stringify(manifest)}\n`), Buffer.alloc(0), payloadOf(payloadFile));
    return { file, manifest };
  } finally {
    rmSync(payloadFile, { force: true });
  }
}

/**
 * Signs an update: its file is written whole beside itself, then takes its place.
 * @throws PorticoError update_damaged
 */
export async function signBundle(file: string, key: SigningKey): Promise<Manifest> {
  const container = openContainer(file);
  const manifest = readManifest(container.manifest);
  // Whoever signs vouches for it: all of it is looked at first.
  await readPayload(container, manifest);
  rmSync(`${file}.signed`, { force: true });
  await writeContainer(`${file}.signed`, container.manifest, signFile(container.manifest, key), { bytes: container.payloadBytes, read: () => container.payload() });
  renameSync(`${file}.signed`, file);
  syncFolder(dirname(file));
  return manifest;
}

const payloadOf = (file: string) => ({ bytes: lstatSync(file).size, read: () => createReadStream(file) as AsyncIterable<Buffer> });

async function plainFilesBelow(tree: string): Promise<string[]> {
  const entries = await readdir(tree, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => {
    const path = relative(tree, join(entry.parentPath, entry.name));
    if (!entry.isFile()) throw new PorticoError('update_damaged', { reason: `${basename(path)} is not a plain file` });
    return path;
  }).sort();
}
