/** `portico stick`: reads what a person says, and says what came of it. The work is done in provisioning/laptop. */
import { createPublicKey } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isPorticoError, PorticoError } from '../appliance/kit/index.js';
import {
  BOX_CARD_FILE, inspectSignatures, inspectStick, inWords, newKeyFile, newStick, openKeyFile, organisationOf, LONGEST_MS, PASSPHRASE_LENGTH_MIN, putRequest, putSecret,
  readBoxCard, readKeyText, schemaFile, SECRET_BYTES_MAX, SECRET_NAMES, signStick, whatTheBoxDoes, type Answers, type NewRequest, type Problem,
} from '../provisioning/laptop/index.js';
import { isTerminal, passphrase } from './ask.js';
import { EXIT, UsageError, type Exit, type Output } from './output.js';
import { askForStore } from './stickQuestions.js';

export interface NewOptions {
  from?: string; sheet?: string; storeId?: string; storeName?: string; hostName?: string; timeZone?: string; languages?: string; currency?: string; openingHours?: string;
  address?: string; gateway?: string; dns?: string; allowedLan?: string; headOffice?: string; backupRecipient?: string; backupTo?: string; backupHostKey?: string;
}
export interface RequestOptions { store?: string; box?: string; until: string; sshKey?: string }

/** A portico.yaml has 64 KiB at most; larger ones are refused with a sentence of their own. */
const READ_BYTES_MAX = 1_048_576;

export async function newKeys(options: { out: string; passphraseFile?: string; passphrase: boolean }, output: Output): Promise<Exit> {
  const secret = options.passphrase ? await newPassphrase(options.passphraseFile ?? null) : null;
  const { keyId, publicKey } = newKeyFile(options.out, secret);
  output.line(`Made ${options.out} and ${options.out}.pub. The key's id is ${keyId}.`);
  output.line('Every box takes this key at its first stick and no other afterwards. Keep a copy of the file, and its passphrase, in another place: without it no box of yours can be given new settings.');
  output.result({ keyId, publicKey, file: options.out });
  return EXIT.fine;
}

async function newPassphrase(file: string | null): Promise<string> {
  for (;;) {
    const secret = await passphrase(`A passphrase for the key, ${PASSPHRASE_LENGTH_MIN} characters or more`, file);
    if ([...secret].length < PASSPHRASE_LENGTH_MIN) {
      if (file !== null) throw new UsageError(`The passphrase is too short: ${PASSPHRASE_LENGTH_MIN} characters or more.`);
      process.stderr.write(`  Too short: ${PASSPHRASE_LENGTH_MIN} characters or more.\n`);
    } else if (file !== null || await passphrase('The same again', null) === secret) {
      return secret;
    } else {
      process.stderr.write('  These two are not the same.\n');
    }
  }
}

export async function showKey(file: string, options: { passphraseFile?: string }, output: Output): Promise<Exit> {
  const { keyId, publicKey } = isPublic(readKeyText(file)) ? publicKeyOf(file) : await openKeyFile(file, askedFor(file, options));
  output.line(`id: ${keyId}\npublic key: ${publicKey}`);
  output.result({ keyId, publicKey });
  return EXIT.fine;
}

const askedFor = (file: string, options: { passphraseFile?: string }) => () => passphrase(`Passphrase of ${file}`, options.passphraseFile ?? null);
const isPublic = (pem: string): boolean => pem.includes('-----BEGIN PUBLIC KEY-----');

/** @throws PorticoError key_file_invalid {file, problem} */
function publicKeyOf(file: string): { keyId: string; publicKey: string } {
  try {
    const key = createPublicKey(readKeyText(file));
    if (key.asymmetricKeyType === 'ed25519') return organisationOf(key.export({ type: 'spki', format: 'der' }));
  } catch (error) {
    if (isPorticoError(error)) throw error;
  }
  throw new PorticoError('key_file_invalid', { file, problem: 'it does not hold an Ed25519 key' });
}

export async function makeStick(directory: string, options: NewOptions, output: Output): Promise<Exit> {
  const from = options.from === undefined ? null : readInput(options.from, READ_BYTES_MAX);
  const said = answersOf(options);
  const complete = said.storeId !== undefined && said.storeName !== undefined && said.hostName !== undefined;
  if (!complete && !isTerminal()) throw new UsageError('Of which store? --store-id ID --store-name NAME --host-name NAME');
  const answers = complete ? (from === null ? { ...DEFAULTS, ...said } : said) : await askForStore(said, from === null ? DEFAULTS : null);
  const sheet = options.sheet ?? `portico-owner-${answers.storeId!.replace(/[^A-Za-z0-9._-]/g, '_')}.html`;
  const { done, problems } = await newStick(directory, from, answers, sheet, new Date().toISOString().slice(0, 10));
  if (done === null) return tell(problems, output);
  output.line(`Wrote ${join(directory, 'portico.yaml')}. Look through it; then: sign ${directory} --key FILE`);
  output.line(`The owner's first code is on ${sheet}: print it, hand it over in person, delete the file.`);
  output.result({ written: join(directory, 'portico.yaml'), sheet });
  return EXIT.fine;
}

/** Where nothing is said. The zone is where the product is used, not where the laptop is. */
const DEFAULTS = {
  languages: ['zh-CN', 'en'], timeZone: 'Asia/Shanghai', currency: 'CNY', openingHours: null, ethernet: null, allowedLan: [], headOfficeUrl: null, backup: null,
} satisfies Partial<Answers>;

const listOf = (text: string): string[] => text.split(',').map((part) => part.trim()).filter((part) => part !== '');

function answersOf(options: NewOptions): Partial<Answers> {
  if (options.address === undefined && (options.gateway ?? options.dns) !== undefined) throw new UsageError('--gateway and --dns go with --address.');
  if ((options.backupTo === undefined) !== (options.backupRecipient === undefined)) throw new UsageError('--backup-to and --backup-recipient go together.');
  if (options.backupTo === undefined && options.backupHostKey !== undefined) throw new UsageError('--backup-host-key goes with --backup-to.');
  const given: { [K in keyof Answers]: Answers[K] | undefined } = {
    storeId: options.storeId, storeName: options.storeName, hostName: options.hostName, timeZone: options.timeZone, currency: options.currency, openingHours: options.openingHours,
    headOfficeUrl: options.headOffice, languages: options.languages === undefined ? undefined : listOf(options.languages), allowedLan: options.allowedLan === undefined ? undefined : listOf(options.allowedLan),
    ethernet: options.address === undefined ? undefined : { address: options.address, gateway: options.gateway ?? null, dns: listOf(options.dns ?? '') },
    backup: options.backupTo === undefined ? undefined : { recipient: options.backupRecipient!, to: options.backupTo, hostKey: options.backupHostKey ?? null },
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

export async function addSecret(directory: string, name: string, options: { file: string; box?: string }, output: Output): Promise<Exit> {
  const known = SECRET_NAMES.find((each) => each === name);
  if (known === undefined) throw new UsageError(`The secret can be: ${SECRET_NAMES.join(', ')}`);
  const cardFile = options.box ?? join(directory, BOX_CARD_FILE);
  const card = readBoxCard(readInput(cardFile, READ_BYTES_MAX));
  if (card === null) throw new PorticoError('box_card_invalid', { file: cardFile });
  const secret = readInput(options.file === '-' ? 0 : options.file, SECRET_BYTES_MAX);
  if (secret.length === 0) throw new UsageError('The secret is empty.');
  const { done, problems } = await putSecret(directory, known, secret, card);
  if (done === null) return tell(problems, output);
  output.line(`${name} is in portico.yaml, encrypted to the box ${card.boxId} (${card.hostName}). Sign the stick anew.`);
  output.result({ secret: name, boxId: card.boxId });
  return EXIT.fine;
}

export function makeRequest(directory: string, what: string, options: RequestOptions, output: Output): Exit {
  if (what !== 'wipe' && what !== 'support') throw new UsageError('A request is wipe or support.');
  if (what === 'wipe' && options.box === undefined) throw new UsageError('Which box? --box and the box.json that it wrote to its stick, or the boxId in it. A store\'s id is not enough: it would wipe the next box there too.');
  if (options.store === undefined && options.box === undefined) throw new UsageError('Which box? --store ID or --box ID');
  if ((what === 'support') !== (options.sshKey !== undefined)) throw new UsageError(what === 'support' ? 'Who shall log in? --ssh-key FILE.pub' : '--ssh-key goes with support.');
  const leftMs = Date.parse(options.until) - Date.now();
  if (leftMs > LONGEST_MS[what]) throw new UsageError(`--until is too far off: a box takes at most ${LONGEST_MS[what] / 86_400_000} days.`);
  const whom = { ...(options.store === undefined ? {} : { store: options.store }), ...(options.box === undefined ? {} : { box: boxIdOf(options.box) }), until: options.until };
  const request: NewRequest = what === 'wipe' ? { kind: 'wipe', ...whom, box: boxIdOf(options.box!) } : { kind: 'support', ...whom, sshKey: readInput(options.sshKey!, READ_BYTES_MAX).toString('utf8').trim() };
  const { done, problems } = putRequest(directory, request);
  if (done === null) return tell(problems, output);
  output.line(`Wrote ${join(directory, done.file)}. ${what === 'wipe' ? 'Signed, it destroys all data of that box. ' : ''}Next: sign ${directory} --key FILE`);
  output.result({ written: join(directory, done.file) });
  return EXIT.fine;
}

/** @param said the id, or a box.json */
function boxIdOf(said: string): string {
  if (!/[./\\]/.test(said)) return said;
  const card = readBoxCard(readInput(said, READ_BYTES_MAX));
  if (card === null) throw new PorticoError('box_card_invalid', { file: said });
  return card.boxId;
}

export async function sign(directory: string, options: { key: string; passphraseFile?: string }, output: Output): Promise<Exit> {
  // What is wrong with the stick is said before anybody types a passphrase.
  const before = await inspected(directory);
  if (before.problems.length > 0) return tell(before.problems, output);
  const key = await openKeyFile(options.key, askedFor(options.key, options));
  const { done, problems } = await signStick(directory, key, options.key, Date.now());
  if (done === null) return tell(problems, output);
  output.line(`Signed by key ${key.keyId}: ${[...done.inspection.files.keys()].join(', ')}.`);
  for (const line of whatTheBoxDoes(done.inspection, key.keyId)) output.line(line);
  output.result({ keyId: key.keyId, serial: done.serial, files: [...done.inspection.files.keys()] });
  return EXIT.fine;
}

export async function check(directory: string, options: { key?: string }, output: Output): Promise<Exit> {
  const organisation = options.key === undefined ? null : publicKeyOf(options.key).publicKey;
  const inspection = await inspected(directory);
  const { keyId, problems } = inspectSignatures(inspection, organisation);
  const lines = inspection.problems.length > 0 ? [] : whatTheBoxDoes(inspection, keyId);
  const all = [...inspection.problems, ...problems];
  for (const problem of all) output.line(inWords(problem));
  output.line(all.length > 0 ? `${all.length} problem${all.length === 1 ? '' : 's'}. A box would change nothing.` : 'No problems. What a box would do:');
  for (const line of lines) output.line(line);
  output.result({ fine: all.length === 0, keyId, problems: all.map((problem) => ({ ...problem })), wouldDo: lines });
  return all.length === 0 ? EXIT.fine : EXIT.refused;
}

export function printSchema(): void {
  process.stdout.write(schemaFile());
}

async function inspected(directory: string): ReturnType<typeof inspectStick> {
  try {
    return await inspectStick(directory, Date.now());
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new PorticoError('stick_not_found', { folder: directory, problem: code }, { cause: error });
  }
}

/** All of them, at once. */
function tell(problems: readonly Problem[], output: Output): Exit {
  for (const problem of problems) output.line(inWords(problem));
  output.line(`${problems.length} problem${problems.length === 1 ? '' : 's'}. Nothing was written.`);
  output.result({ fine: false, problems: problems.map((problem) => ({ ...problem })) });
  return EXIT.refused;
}

/** @param file a path, or the number of standard input. @throws UsageError */
function readInput(file: string | number, bytesMax: number): Buffer {
  try {
    if (typeof file === 'string' && statSync(file).size > bytesMax) throw new UsageError(`${file} is too large.`);
    const bytes = readFileSync(file);
    if (bytes.length > bytesMax) throw new UsageError(`${file === 0 ? 'Standard input' : file} is too large.`);
    return bytes;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${String(file)} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`);
  }
}
