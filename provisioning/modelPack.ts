/** A folder below models/ on the stick: a model pack as models/manifest.ts describes it, read as warily as the rest. */
import { createHash } from 'node:crypto';
import { Type } from 'typebox';
import { Check } from 'typebox/schema';
import { OpenedFolder, type OpenedFile } from './openedFolder.js';
import type { Problem } from './problems.js';
import { PACK_NAME } from './settings.js';

export const PACKS_FOLDER = 'models';
const MANIFEST = 'manifest.json';
const MANIFEST_BYTES_MAX = 262_144;
/** The built-in pack has four models of 7 MB together; the largest public ones have 260 MB. */
const MODEL_BYTES_MAX = 536_870_912;
const MODELS_MAX = 16;

/** What has to be known to copy a pack; the rest is for models/manifest.ts. */
const Listed = Type.Object({
  models: Type.Array(Type.Object({
    file: Type.String({ pattern: '^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}\\.onnx$' }), bytes: Type.Integer({ minimum: 1, maximum: MODEL_BYTES_MAX }), sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  }), { minItems: 1, maxItems: MODELS_MAX }),
});

export interface PackFile { name: string; bytes: number; sha256: string }

/** An open pack. Only what its manifest lists is there. To be closed. */
export interface ModelPack {
  manifest: Buffer;
  manifestSha256: string;
  files: readonly PackFile[];
  /**
   * The bytes of a listed file, in pieces of 64 KiB; whoever takes them compares them with its sha256.
   * @throws what the file system throws where the stick cannot be read
   */
  open(file: PackFile): AsyncIterable<Buffer>;
  close(): void;
}

/**
 * Opens a pack of the stick. Sizes and kinds are checked, hashes not yet: that takes as long as copying.
 * @param pack bare name of the folder below models/
 * @throws what the file system throws where the stick itself cannot be read
 */
export function openModelPack(directory: string, pack: string): { pack: ModelPack; problems: [] } | { pack: null; problems: Problem[] } {
  const opened: (OpenedFolder | OpenedFile)[] = [];
  const close = () => { for (const each of opened.reverse()) each.close(); };
  const keep = <T extends OpenedFolder | OpenedFile>(each: T): T => { opened.push(each); return each; };
  try {
    const result = read(directory, pack, keep, close);
    if (result.pack === null) close();
    return result;
  } catch (error) {
    close();
    throw error;
  }
}

function read(directory: string, pack: string, keep: <T extends OpenedFolder | OpenedFile>(each: T) => T, close: () => void): ReturnType<typeof openModelPack> {
  const where = `${PACKS_FOLDER}/${pack}`;
  const refuse = (message: string, file = where) => ({ pack: null, problems: [{ file, line: 1, column: 1, path: '', code: 'file_refused' as const, message }] });
  if (!new RegExp(PACK_NAME, 'u').test(pack)) return refuse('This is not the bare name of a folder.', PACKS_FOLDER);

  const folder = folderIn(keep(OpenedFolder.at(directory)), PACKS_FOLDER, keep);
  const inside = folder === null ? null : folderIn(folder, pack, keep);
  if (inside === null) return refuse(`portico.yaml names the model pack ${pack}, but there is no folder ${where} on the stick, or it is a link.`);

  const manifestFile = inside.file(MANIFEST, MANIFEST_BYTES_MAX);
  if (typeof manifestFile === 'string') return refuse('The pack has no manifest.json that could be read.', `${where}/${MANIFEST}`);
  const manifest = keep(manifestFile).read();
  const listed = listedIn(manifest);
  if (listed === null) return refuse('This is not the manifest of a model pack.', `${where}/${MANIFEST}`);

  const files = listed.map(({ bytes, file, sha256 }) => ({ name: file, bytes, sha256 }));
  const open = new Map<string, OpenedFile>();
  const problems = files.flatMap(({ name, bytes }): Problem[] => {
    const file = inside.file(name, MODEL_BYTES_MAX);
    const message = typeof file === 'string' ? 'This model is missing, too large, or not a plain file.' : file.bytes === bytes ? null : 'This model has another size than its manifest says. Copy the pack again.';
    if (typeof file !== 'string') open.set(name, keep(file));
    return message === null ? [] : [{ file: `${where}/${name}`, line: 1, column: 1, path: '', code: 'file_refused', message }];
  });
  if (problems.length > 0) return { pack: null, problems };
  return {
    pack: { manifest, manifestSha256: createHash('sha256').update(manifest).digest('hex'), files, open: ({ name }) => open.get(name)!.stream(), close },
    problems: [],
  };
}

/** As Windows and macOS compare names. */
function folderIn(folder: OpenedFolder, name: string, keep: <T extends OpenedFolder>(each: T) => T): OpenedFolder | null {
  const [written, ...more] = folder.names.filter((each) => each.toLowerCase() === name.toLowerCase());
  const found = written === undefined || more.length > 0 ? null : folder.folder(written);
  return found === null ? null : keep(found);
}

function listedIn(manifest: Buffer): { file: string; bytes: number; sha256: string }[] | null {
  try {
    const value: unknown = JSON.parse(manifest.toString('utf8'));
    return Check(Listed, value) && new Set(value.models.map(({ file }) => file.toLowerCase())).size === value.models.length ? value.models : null;
  } catch {
    return null;
  }
}
