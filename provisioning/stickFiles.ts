/** What lies on a stick under the few names that count. Everything else there is left alone. */
import { FILE_BYTES_MAX } from './yamlText.js';
import { SETTINGS_FILE, STICK_FILES, type StickFileName } from './check.js';
import { OpenedFolder, type Refusal } from './openedFolder.js';
import type { Problem } from './problems.js';
import { SIGNATURE_BYTES_MAX } from './signing.js';

/** One of the files, with its signature. */
export interface StickFile {
  name: StickFileName;
  /** As it is written on this stick: Windows and macOS do not tell PORTICO.YAML from portico.yaml. */
  writtenAs: string;
  bytes: Buffer;
  /** Content of the .sig file; null: there is none. */
  signature: Buffer | null;
}

export interface StickContents {
  files: Map<StickFileName, StickFile>;
  /** Files of these names that were not read, and why; a stick with any must not be applied. */
  problems: Problem[];
  /** Name of a file that was perhaps meant to be portico.yaml, such as portico.yaml.txt; null: none. */
  lookalike: string | null;
}

const WHY: Record<Refusal, string> = {
  not_plain: 'is a link, a folder or a device, not a plain file. Copy the file itself.',
  too_large: 'is far too large.',
  gone: 'cannot be read. Is the stick damaged, or was it pulled out?',
};

/**
 * Reads the files of a stick, each once. Nothing outside the folder is touched, whatever lies in it: no link is followed, no device or pipe is
 * opened, and of a file of any size no more than 64 KiB is read.
 * @param directory where the stick is mounted, or the folder that stands for it
 * @throws what the file system throws where the folder itself cannot be read (ENOENT, ENOTDIR, EACCES, EIO)
 */
export function readStick(directory: string): StickContents {
  const folder = OpenedFolder.at(directory);
  try {
    const problems: Problem[] = [];
    const files = new Map<StickFileName, StickFile>();
    for (const name of STICK_FILES) {
      const main = readOne(folder, name, FILE_BYTES_MAX, problems);
      const signature = readOne(folder, `${name}.sig`, SIGNATURE_BYTES_MAX, problems);
      if (main !== null) files.set(name, { name, ...main, signature: signature?.bytes ?? null });
    }
    const known = new Set(folder.names.map((each) => each.toLowerCase()));
    const lookalike = known.has(SETTINGS_FILE) ? null : folder.names.find((each) => LOOKALIKE.test(each)) ?? null;
    return { files, problems, lookalike };
  } finally {
    folder.close();
  }
}

/** Windows hides known endings, so that portico.yaml.txt looks like portico.yaml; and there are two ways to end a YAML file. */
const LOOKALIKE = /^portico(\.yaml|\.yml)?( ?\(\d+\))?(\.yaml|\.yml|\.txt)$/i;

function readOne(folder: OpenedFolder, name: string, bytesMax: number, problems: Problem[]): { writtenAs: string; bytes: Buffer } | null {
  const refuse = (code: Problem['code'], message: string): null => {
    problems.push({ file: name, line: 1, column: 1, path: '', code, message });
    return null;
  };
  const written = namesLike(folder, name);
  const [writtenAs] = written;
  if (writtenAs === undefined) return null;
  if (written.length > 1) return refuse('file_twice', `This file is there ${written.length} times, in upper and lower case. Keep one.`);
  const file = folder.file(writtenAs, bytesMax);
  if (typeof file === 'string') return refuse(file === 'too_large' ? 'file_too_large' : 'file_refused', `${name} ${WHY[file]}`);
  try {
    return { writtenAs, bytes: file.read() };
  } catch {
    return refuse('file_refused', `${name} ${WHY.gone}`);
  } finally {
    file.close();
  }
}

/** As Windows and macOS compare names. */
const namesLike = (folder: OpenedFolder, name: string): string[] => folder.names.filter((each) => each.toLowerCase() === name.toLowerCase());
