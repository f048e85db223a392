import { Check } from 'typebox/schema';
import { fit, type Places } from './fit.js';
import { checkRequest, checkSettings, type SayAt } from './meaning.js';
import { inOrder, type Problem } from './problems.js';
import { Support, Wipe } from './requests.js';
import { Settings } from './settings.js';
import { readYaml } from './yamlText.js';

/** The files that a stick may hold, and what each says. */
export const SETTINGS_FILE = 'portico.yaml';
export const WIPE_FILE = 'portico-wipe.yaml';
export const SUPPORT_FILE = 'portico-support.yaml';
export const STICK_FILES = [SETTINGS_FILE, WIPE_FILE, SUPPORT_FILE] as const;
export type StickFileName = (typeof STICK_FILES)[number];
export interface Said { [SETTINGS_FILE]: Settings; [WIPE_FILE]: Wipe; [SUPPORT_FILE]: Support }

const SCHEMAS = { [SETTINGS_FILE]: Settings, [WIPE_FILE]: Wipe, [SUPPORT_FILE]: Support } as const;

/**
 * Reads a file of a stick: encoding, YAML, schema, and what has to fit together. Any bytes give an answer, in bounded time (well below a second
 * on the slowest box) and memory: nothing is parsed beyond 64 KiB. It does not look at the signature, nor at whether the serial is new.
 * @param name which of the files it is; also what problems call it
 * @returns the value, or null and all problems in the order of the file, at most 51 (the last one says how many more there are)
 */
export function checkFile<N extends StickFileName>(name: N, bytes: Uint8Array): { value: Said[N]; problems: [] } | { value: null; problems: Problem[] } {
  const { problems, root, say } = readYaml(name, bytes);
  if (root !== null) {
    const { value, places } = fit(root, SCHEMAS[name], say);
    const sayAt: SayAt = (path, code, message) => say(placeOf(path, places), code, message, path);
    if (typeof value === 'object' && value !== null) {
      if (name === SETTINGS_FILE) checkSettings(value, sayAt);
      else checkRequest(value, sayAt);
    }
    if (problems.length === 0 && Check(SCHEMAS[name], value)) return { value: value as Said[N], problems: [] };
    // What the walk has no words for is refused all the same.
    if (problems.length === 0) say(0, 'wrong_value', 'The file does not fit. Compare it with one that "portico stick new" makes.');
  }
  return { value: null, problems: inOrder(problems) };
}

/** Of the nearest part of the path that stands in the file. */
function placeOf(path: string, places: Places): number {
  for (let at = path; at !== ''; at = at.replace(/(\.[^.[]*|\[\d+\]|^[^.[]*)$/, '')) {
    const offset = places.get(at);
    if (offset !== undefined) return offset;
  }
  return places.get('') ?? 0;
}
