/** Update files as nobody's tool would make them, and boxes that refuse them. */
import { createHash } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Header } from 'tar';
import type { Test } from 'tap';
import { signFile, type SigningKey } from '../../provisioning/index.js';
import { placesBelow, type Machine, type Manifest, type Places } from '../../updates/index.js';
import { writeContainer } from '../../updates/container.js';
import { temporaryDirectory } from './scratch.js';
import { ORGANISATION } from './stick.js';

export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
export const BLOCK = 512;

export interface Entry { path: string; content?: Buffer; type?: 'File' | 'SymbolicLink' | 'Link' | 'CharacterDevice' | 'FIFO' | 'Directory'; linkpath?: string; size?: number }

/** A tar as nobody's tool would make it. */
export function tar(entries: readonly Entry[]): Buffer {
  return Buffer.concat([...entries.flatMap(({ path, content = Buffer.alloc(0), type = 'File', linkpath, size }) => {
    const header = Buffer.alloc(BLOCK);
    new Header({ path, type, size: size ?? content.length, mode: 0o644, mtime: new Date(0), ...(linkpath === undefined ? {} : { linkpath }) }).encode(header, 0);
    return [header, content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)];
  }), Buffer.alloc(2 * BLOCK)]);
}

export const FILES: Record<string, string> = {
  'app/dist/appliance/start.js': 'start', 'app/dist/cli/portico.js': 'cli', 'app/package.json': '{}', 'bin/node': 'node', 'release.json': '{"version":"1.1.0"}',
};
export const plain = (): Entry[] => Object.entries(FILES).map(([path, text]) => ({ path, content: Buffer.from(text) }));

export interface Made { entries?: readonly Entry[]; manifest?: Partial<Manifest>; files?: Manifest['files']; by?: SigningKey | null; payload?: Buffer; alter?: (manifest: Buffer) => Buffer }

/** A signed file, whatever is wrong with what was signed. */
export async function makeBundleFile(t: Pick<Test, 'teardown'>, { entries = plain(), manifest = {}, files = {}, by = ORGANISATION, payload = gzipSync(tar(entries)), alter = (bytes) => bytes }: Made = {}): Promise<string> {
  const said = {
    kind: 'update', format: 1, version: '1.1.0', arch: process.arch, node: process.versions.node, minVersion: null, createdAt: '2026-11-22T10:00:00.000Z',
    payload: { bytes: payload.length, sha256: sha256(payload) },
    files: { ...Object.fromEntries(Object.entries(FILES).map(([path, text]) => [path, { bytes: text.length, sha256: sha256(Buffer.from(text)), executable: path === 'bin/node' }])), ...files },
    ...manifest,
  };
  const bytes = Buffer.from(JSON.stringify(said));
  const file = join(temporaryDirectory(t), 'it.update');
  await writeContainer(file, alter(bytes), by === null ? Buffer.alloc(0) : signFile(bytes, by), { bytes: payload.length, read: async function* () { yield payload; } });
  return file;
}

/** Never used: a refusal comes before anything is started or stopped. */
export const stillMachine: Machine = {
  user: () => null, withCredentials: (use) => use(null), tell: () => Promise.resolve(), isUp: () => Promise.resolve(true),
  stop: () => Promise.reject(new Error('the box was stopped')), start: () => Promise.reject(new Error('the box was started')),
};

/** A box's folders with a release that is none. */
export function makePlaces(t: Pick<Test, 'teardown'>, settings = '', root = temporaryDirectory(t)): Places {
  const places = placesBelow(root);
  for (const folder of [join(places.releases, '1.0.0'), places.settings, places.data]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(places.releases, '1.0.0/release.json'), JSON.stringify({ version: '1.0.0' }));
  symlinkSync('releases/1.0.0', places.current);
  writeFileSync(join(places.settings, 'box.env'), settings);
  return places;
}
