/** From the bytes of a file that anybody may have written to a tree of YAML nodes, in bounded time and memory, with all that is wrong. */
import { CST, isAlias, isCollection, isNode, isPair, Lexer, LineCounter, parseDocument, type ErrorCode, type Node } from 'yaml';
import type { Problem, ProblemCode } from './problems.js';

/** A settings file with eight certificates and an encrypted key has a third of it. */
export const FILE_BYTES_MAX = 65_536;
/**
 * Of the parts that the lexer sees (a key, a colon, a run of spaces, a comment). A full settings file has some 600; parsing takes time with
 * their square where a file is made for it.
 */
const LEXEMES_MAX = 6_000;
/** Collections in collections. Settings need 4; the parser calls itself for each. */
const DEPTH_MAX = 24;

/** Says where in the file something is. @param offset in the text without its byte order mark */
export type Say = (offset: number, code: ProblemCode, message: string, path?: string) => void;

export interface Tree {
  /** Null: nothing that could be looked at further. */
  root: Node | null;
  problems: Problem[];
  /** Adds a problem. */
  say: Say;
}

/** @param file the name that problems give */
export function readYaml(file: string, bytes: Uint8Array): Tree {
  const problems: Problem[] = [];
  const lines = new LineCounter();
  const say: Say = (offset, code, message, path = '') => {
    const { line, col } = lines.linePos(offset);
    problems.push({ file, line: Math.max(1, line), column: Math.max(1, col), path, code, message });
  };
  const tree = (root: Node | null): Tree => ({ root, problems, say });

  if (bytes.length > FILE_BYTES_MAX) {
    say(0, 'file_too_large', `The file is larger than ${FILE_BYTES_MAX / 1024} KB. Settings need far less: is this the right file?`);
    return tree(null);
  }
  const text = decoded(bytes);
  if (text === null) {
    say(0, 'encoding', whatEncoding(bytes));
    return tree(null);
  }
  lines.addNewLine(0);
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1);

  const control = CONTROL.exec(text);
  if (control !== null) {
    say(control.index, 'encoding', `A character that cannot be seen stands here (U+${control[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}). Delete it, or save the file anew as UTF-8.`);
    return tree(null);
  }
  if (text.trim() === '') {
    say(0, 'empty', 'The file is empty. Make one with "portico stick new".');
    return tree(null);
  }
  const tooMuch = whereTooComplicated(text);
  if (tooMuch !== null) {
    say(tooMuch, 'too_complicated', 'Far more stands here than settings need. Was another file copied here?');
    return tree(null);
  }
  // Beyond the net above: the parser calls itself, and what it cannot bear must not be a crash.
  try {
    const document = parseDocument(text, { version: '1.2', schema: 'core', strict: true, uniqueKeys: false, prettyErrors: false, logLevel: 'error' });
    // Of tags, all are refused below.
    for (const { code, pos } of [...document.errors, ...document.warnings]) if (code !== 'TAG_RESOLVE_FAILED') say(Math.min(pos[0], text.length), ...SYNTAX[code](text, pos[0]));
    if (document.contents === null && problems.length === 0) say(0, 'empty', 'Only comments stand in this file. Make one with "portico stick new".');
    refuseShorthands(document.contents, say);
    return tree(document.contents);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    say(0, 'too_complicated', 'Far more stands here than settings need. Was another file copied here?');
    return tree(null);
  }
}

/** Other than tab and the ends of lines. @see yaml.org/spec/1.2.2 5.1, character set */
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufffe\uffff\ufeff]|\r(?!\n)/;

/** UTF-8, with or without a byte order mark; null: something else. */
function decoded(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return null;
  }
}

function whatEncoding(bytes: Uint8Array): string {
  const [first, second] = bytes;
  const zerosEven = bytes.subarray(0, 64).filter((byte, i) => byte === 0 && i % 2 === 0).length;
  const zerosOdd = bytes.subarray(0, 64).filter((byte, i) => byte === 0 && i % 2 === 1).length;
  const utf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff) || Math.max(zerosEven, zerosOdd) > 8;
  return utf16
    ? 'The file is saved as UTF-16. In the editor choose "Save as" and the encoding UTF-8 (Windows Notepad: the list beside the button).'
    : 'The file is not UTF-8. In the editor choose "Save as" and the encoding UTF-8 (Windows Notepad: the list beside the button; Chinese Windows may call the old one ANSI or GBK).';
}

/**
 * Looks at the text piece by piece, without building anything.
 * @returns where it becomes more than settings could be; null: it does not
 */
function whereTooComplicated(text: string): number | null {
  let offset = 0;
  let count = 0;
  let flow = 0;
  /** Of nested blocks: no more than the columns that lines begin at, and the dashes and question marks in a row. */
  let row = 0;
  for (const lexeme of new Lexer().lex(text)) {
    const type = CST.tokenType(lexeme);
    if (type === 'flow-map-start' || type === 'flow-seq-start') flow += 1;
    if (type === 'flow-map-end' || type === 'flow-seq-end') flow = Math.max(0, flow - 1);
    if (type === 'newline') row = 0;
    if (type === 'seq-item-ind' || type === 'explicit-key-ind' || type === 'map-value-ind') row += 1;
    count += 1;
    if (count > LEXEMES_MAX || flow > DEPTH_MAX || (flow === 0 && row > DEPTH_MAX)) return Math.min(offset, text.length);
    // Marks of the lexer itself take no room in the text.
    if (type !== 'byte-order-mark' && type !== 'doc-mode' && type !== 'flow-error-end' && type !== 'scalar') offset += lexeme.length;
  }
  return whereTooDeep(text);
}

/** Blocks in blocks: each is further to the right than the one it is in. */
function whereTooDeep(text: string): number | null {
  const open: number[] = [];
  for (const match of text.matchAll(/^( *)[^\s#]/gm)) {
    const indent = match[1]!.length;
    while (open.length > 0 && open.at(-1)! >= indent) open.pop();
    open.push(indent);
    if (open.length > DEPTH_MAX) return match.index;
  }
  return null;
}

const UNCLOSED = 'The file ends too early: a quotation mark or a bracket is not closed.';
/** What the parser calls it, and what to do. Whoever reads this has never heard of a flow collection. */
const SYNTAX: Record<ErrorCode, (text: string, at: number) => [ProblemCode, string]> = {
  ALIAS_PROPS: () => ['alias', 'A "*" stands for something said elsewhere. Write it out, or put the value in quotes.'],
  BAD_ALIAS: () => ['alias', 'A "*" or "&" begins a shorthand here that does not fit. Put the value in quotes.'],
  BAD_COLLECTION_TYPE: () => ['tag', 'A "!" stands before this. Take it out, or put the value in quotes.'],
  BAD_DIRECTIVE: () => ['syntax', 'A line that begins with "%" says something to the parser. Delete the line.'],
  BAD_DQ_ESCAPE: () => ['syntax', 'A backslash in double quotes means something else. Use single quotes.'],
  BAD_INDENT: (text, at) => ['syntax', at >= text.trimEnd().length ? UNCLOSED : 'This line does not begin where those around it do. Put it under the one above it, with spaces.'],
  BAD_PROP_ORDER: () => ['syntax', 'A "!" or "&" stands in the wrong place. Put the value in quotes.'],
  BAD_SCALAR_START: (text, at) => ['syntax', `A value cannot begin with ${JSON.stringify(text[at] ?? '')}. Put it in quotes.`],
  BLOCK_AS_IMPLICIT_KEY: () => ['syntax', 'Two entries stand on one line, or a value with ": " in it lacks its quotes.'],
  BLOCK_IN_FLOW: () => ['syntax', 'Inside [ ] and { } everything is parted by commas. Close the bracket, or put the value in quotes.'],
  DUPLICATE_KEY: () => ['duplicate_key', 'This entry stands here for the second time. Keep one.'],
  IMPOSSIBLE: () => ['syntax', 'This cannot be read. Compare with the file that "portico stick new" makes.'],
  KEY_OVER_1024_CHARS: () => ['syntax', 'The part before the ":" is too long. Is a quotation mark missing?'],
  MISSING_CHAR: (text, at) => ['syntax', at >= text.trimEnd().length ? UNCLOSED : 'Something is missing here: the ":" after a name, a quotation mark, a bracket or a comma.'],
  MULTILINE_IMPLICIT_KEY: () => ['syntax', 'An entry begins on this line and has no ":". Write NAME: VALUE.'],
  MULTIPLE_ANCHORS: () => ['alias', 'A "&" stands here. Put the value in quotes.'],
  MULTIPLE_DOCS: () => ['several_documents', 'A second document begins here ("---"). Keep one, and delete this line and what follows.'],
  MULTIPLE_TAGS: () => ['tag', 'A "!" stands here. Take it out, or put the value in quotes.'],
  NON_STRING_KEY: () => ['syntax', 'The part before the ":" must be a name.'],
  RESOURCE_EXHAUSTION: () => ['too_complicated', 'Far more stands here than settings need. Was another file copied here?'],
  TAB_AS_INDENT: () => ['tab', 'A tab stands at the beginning of this line. YAML takes spaces only: replace it by two spaces for each step.'],
  TAG_RESOLVE_FAILED: () => ['tag', 'A "!" stands before this. Take it out, or put the value in quotes.'],
  UNEXPECTED_TOKEN: () => ['syntax', 'This does not belong here. Look for a missing quotation mark or bracket on this line or the one above.'],
};

/** Where a node begins in the text. */
export const offsetOf = (node: Node): number => node.range?.[0] ?? 0;

/** Aliases, anchors and tags: settings need none, and a bomb is made of them. */
function refuseShorthands(root: Node | null, say: Say): void {
  const waiting: unknown[] = [root];
  while (waiting.length > 0) {
    const node = waiting.pop();
    if (isPair(node)) waiting.push(node.key, node.value);
    if (!isNode(node)) continue;
    if (isAlias(node)) say(offsetOf(node), 'alias', 'A "*" stands for something said elsewhere. Write it out, or put the value in quotes.');
    else if (node.anchor !== undefined) say(offsetOf(node), 'alias', 'A "&" gives this a name to be used elsewhere. Take it out, or put the value in quotes.');
    if (!isAlias(node) && node.tag !== undefined) say(offsetOf(node), 'tag', 'A "!" stands before this. Take it out, or put the value in quotes.');
    if (isCollection(node)) waiting.push(...node.items);
  }
}
