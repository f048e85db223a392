/**
 * Compares a tree of YAML nodes with a schema and builds the value. The library judges each single value; what is walked here is where the
 * words come from: every entry that is unknown, missing, double or of the wrong kind, at its place.
 */
import { isMap, isScalar, isSeq, Scalar, type Node } from 'yaml';
import type { TSchema } from 'typebox';
import { Check } from 'typebox/schema';
import { offsetOf, type Say } from './yamlText.js';

/** What the schemas of settings are made of. */
interface Form {
  type?: string; const?: unknown; description?: string; errorMessage?: string;
  properties?: Record<string, Form>; required?: string[]; items?: Form; minItems?: number; maxItems?: number;
}

/** Where each part of the value stands, for what is checked afterwards: path to offset. */
export type Places = Map<string, number>;

/**
 * @returns the value; of a tree with problems only a part
 */
export function fit(root: Node, schema: TSchema, say: Say): { value: unknown; places: Places } {
  const places: Places = new Map();
  const value = ofNode(root, schema as Form, '', { say, places });
  return { value, places };
}

interface Ends { say: Say; places: Places }

function ofNode(node: Node, form: Form, path: string, ends: Ends): unknown {
  ends.places.set(path, offsetOf(node));
  if (form.type === 'object') return ofMap(node, form, path, ends);
  if (form.type === 'array') return ofList(node, form, path, ends);
  if (isScalar(node)) return ofScalar(node, form, path, ends);
  ends.say(offsetOf(node), 'wrong_type', `${nameOf(path)} is one value, not ${isMap(node) ? 'a group of entries' : 'a list'}.${hint(form)}`, path);
  return undefined;
}

function ofMap(node: Node, form: Form, path: string, { say, places }: Ends): unknown {
  const known = form.properties ?? {};
  const required = form.required ?? [];
  if (!isMap(node)) {
    const empty = isScalar(node) && node.value === null;
    const entries = required.length > 0 ? required : Object.keys(known).slice(0, 4);
    say(offsetOf(node), empty && required.length > 0 ? 'missing_key' : 'wrong_type', `${nameOf(path)} is a group of entries: ${entries.join(', ')}. Write them below it, two spaces further in${empty ? ', or delete this line' : ''}.`, path);
    return undefined;
  }
  const value: Record<string, unknown> = {};
  const seen = new Set<string>();
  for (const pair of node.items) {
    const key = pair.key as Node | null;
    const at = key === null ? offsetOf(node) : offsetOf(key);
    if (!isScalar(key) || typeof key.value !== 'string') {
      const written = isScalar(key) ? String(key.source ?? key.value) : '';
      say(at, written === '' ? 'syntax' : 'unknown_key', `${written === '' ? 'The part before the ":"' : shown(written)} is not the name of an entry.`, path);
      continue;
    }
    const name = key.value;
    const below = path === '' ? name : `${path}.${name}`;
    if (seen.has(name)) {
      say(at, 'duplicate_key', `${shown(name)} stands here for the second time. Keep one.`, below);
      continue;
    }
    seen.add(name);
    if (!Object.hasOwn(known, name)) {
      say(at, 'unknown_key', unknownKey(name, Object.keys(known), path), below);
      continue;
    }
    if (pair.value === null) say(at, 'missing_key', `${nameOf(below)} has no value.${hint(known[name]!)}`, below);
    else value[name] = ofNode(pair.value as Node, known[name]!, below, { say, places });
  }
  for (const name of required) {
    if (seen.has(name)) continue;
    const below = path === '' ? name : `${path}.${name}`;
    say(offsetOf(node), 'missing_key', `${nameOf(below)} is missing.${hint(known[name] ?? {})}`, below);
  }
  return value;
}

function ofList(node: Node, form: Form, path: string, { say, places }: Ends): unknown {
  if (!isSeq(node)) {
    say(offsetOf(node), 'wrong_type', `${nameOf(path)} is a list.${hint(form)}`, path);
    return undefined;
  }
  const { minItems = 0, maxItems = Infinity } = form;
  if (node.items.length < minItems) {
    const few = node.items.length === 0 ? 'is empty' : `has ${node.items.length === 1 ? 'one entry' : `${node.items.length} entries`}`;
    say(offsetOf(node), 'wrong_value', `${nameOf(path)} ${few}. Write at least ${minItems === 1 ? 'one' : minItems}, or delete the entry.`, path);
  }
  if (node.items.length > maxItems) say(offsetOf(node), 'wrong_value', `${nameOf(path)} has ${node.items.length} entries; ${maxItems} are the most.`, path);
  return node.items.slice(0, Math.min(maxItems, node.items.length)).map((item, i) => {
    const below = `${path}[${i}]`;
    if (item === null || typeof item !== 'object' || !('range' in item)) {
      say(offsetOf(node), 'wrong_value', `${nameOf(below)} has no value.`, below);
      return undefined;
    }
    return ofNode(item as Node, form.items ?? {}, below, { say, places });
  });
}

function ofScalar(node: Scalar, form: Form, path: string, { say }: Ends): unknown {
  const { value } = node;
  if (value === null) {
    say(offsetOf(node), 'missing_key', `${nameOf(path)} has no value.${hint(form)}`, path);
    return undefined;
  }
  if (Check(form as TSchema, value)) return value;
  const wanted = form.type ?? typeof form.const;
  const given = typeof value === 'number' && wanted === 'integer' && Number.isInteger(value) ? 'integer' : typeof value;
  const code = given === wanted ? (form.const !== undefined ? (path === 'kind' ? 'other_kind' : path === 'version' ? 'other_version' : 'wrong_value') : 'wrong_value') : 'wrong_type';
  // A secret that was put here in the clear must not go on into a report.
  const written = path.startsWith('secrets.') || SECRET.test(String(value)) ? '' : ` ${shown(String(node.source ?? value), node.type === Scalar.PLAIN)}`;
  say(offsetOf(node), code, `${nameOf(path)}:${written} does not fit.${typeHint(value, wanted)}${hint(form)}`, path);
  return undefined;
}

/** A private key, of age or PEM, that was taken for a public one. */
const SECRET = /SECRET-KEY|PRIVATE KEY/i;

/** Of what YAML takes for something else than was meant. */
function typeHint(value: unknown, wanted: string): string {
  if (wanted === 'boolean' && typeof value === 'string') return /^(yes|on|y)$/i.test(value) ? ' Write true.' : /^(no|off|n)$/i.test(value) ? ' Write false.' : ' Write true or false, without quotes.';
  if (wanted === 'string' && typeof value !== 'string') return ' Put it in quotes.';
  if ((wanted === 'integer' || wanted === 'number') && typeof value === 'string' && /^\d+$/.test(value)) return ' Write the number without quotes.';
  return '';
}

const hint = ({ errorMessage, description }: Form): string => (errorMessage ?? description) === undefined ? '' : ` ${errorMessage ?? description}`;
const nameOf = (path: string): string => (path === '' ? 'The file' : path);

/** As it stands in the file, on one line and not too long; without quotes where there are none, or "put it in quotes" would puzzle. */
function shown(text: string, plain = false): string {
  const characters = [...text];
  const short = characters.length > 40 ? `${characters.slice(0, 37).join('')}...` : text;
  return plain && !short.includes('\n') ? short : JSON.stringify(short);
}

function unknownKey(name: string, known: readonly string[], path: string): string {
  if (name === '<<') return '"<<" would take entries from elsewhere. Write them out.';
  const near = nearest(name, known);
  const where = path === '' ? '' : ` in ${path}`;
  return near === null ? `There is no ${shown(name)}${where}. Known: ${known.join(', ')}.` : `There is no ${shown(name)}${where}. Did you mean ${near}?`;
}

/** The known name that takes the fewest changed letters, if few enough. */
function nearest(name: string, known: readonly string[]): string | null {
  if (name.length > 40) return null;
  const [best] = known.map((each) => ({ each, steps: distance(plain(name), plain(each)) })).sort((a, b) => a.steps - b.steps);
  return best !== undefined && best.steps <= Math.max(1, Math.floor(best.each.length / 3)) ? best.each : null;
}
const plain = (name: string): string => name.toLowerCase().replace(/[-_ ]/g, '');

/** Levenshtein's: letters to put in, take out or change. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 1; j <= b.length; j += 1) next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (letter === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}
