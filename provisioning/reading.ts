import { createHash } from 'node:crypto';
import { isPorticoError, PorticoError, type AnyErrorCode } from '../appliance/kit/index.js';
import { openSecret } from './boxKey.js';
import { checkFile, SETTINGS_FILE, SUPPORT_FILE, WIPE_FILE } from './check.js';
import type { Organisation } from './organisation.js';
import type { StickProblem } from './report.js';
import { whyNotNow, type Support, type Wipe } from './requests.js';
import { readSecret } from './secrets.js';
import { SECRET_NAMES, type SecretName, type Settings } from './settings.js';
import { verifyFile, type OrganisationKey } from './signing.js';
import { readStick, type StickFile } from './stickFiles.js';

/** Settings that may be applied, and what is known of them. */
export interface GoodSettings {
  value: Settings;
  serial: number;
  file: StickFile;
  key: OrganisationKey;
  sha256: string;
  /** Byte for byte what the box was given last. */
  known: boolean;
  /** In clear. */
  secrets: ReadonlyMap<SecretName, Buffer>;
}

export interface Reading {
  /** None of the files that count lies there. */
  empty: boolean;
  settings: GoodSettings | null;
  wipe: Wipe | null;
  support: Support | null;
  keyId: string | null;
  /** Of the settings, even when they do not fit. */
  serial: number | null;
  /** With any of these nothing of the stick is done. */
  problems: StickProblem[];
  code: AnyErrorCode | null;
}

/** Which code stands for the whole when there are several problems: what has to be put right first. */
const FIRST: readonly AnyErrorCode[] = ['stick_other_organisation', 'stick_signature_wrong', 'stick_unsigned', 'stick_file_refused', 'stick_invalid', 'stick_serial_old', 'stick_secret_unreadable', 'stick_request_refused'];
const WHY_NOT = { other_box: 'This request names another box or store.', over: 'The time of this request is over.', too_long: 'The end of this request is too far off.' } as const;
/** Problems of the file as a file, not of what it says. */
const OF_FILE: readonly string[] = ['file_refused', 'file_too_large', 'file_twice'];

/**
 * Reads and checks everything on a stick; changes nothing.
 * @param box `identity`: the box's age identity
 * @throws PorticoError stick_interrupted when the stick cannot be read (pulled out, damaged), stick_not_found when there is no such folder
 */
export async function readAndCheck(stick: string, box: { organisation: Organisation | null; identity: string; boxId: string; nowMs: number }): Promise<Reading> {
  const contents = contentsOf(stick);
  const problems: StickProblem[] = [...contents.problems];
  if (contents.lookalike !== null) {
    problems.push({ file: contents.lookalike, line: 1, column: 1, path: '', code: 'file_missing', message: `Is this meant to be ${SETTINGS_FILE}? Rename it; Windows hides known endings.` });
  }
  const signed = (file: StickFile, pinned: string | null): OrganisationKey | null => {
    try {
      return verifyFile(file.bytes, file.signature, pinned);
    } catch (error) {
      if (!isPorticoError(error)) throw error;
      problems.push({ file: file.name, line: 1, column: 1, path: '', code: error.code, message: error.message });
      return null;
    }
  };
  const pinned = box.organisation?.publicKey ?? null;

  const file = contents.files.get(SETTINGS_FILE);
  let settings: GoodSettings | null = null;
  let serial: number | null = null;
  if (file !== undefined) {
    const key = signed(file, pinned);
    const { value, problems: found } = checkFile(SETTINGS_FILE, file.bytes);
    problems.push(...found);
    serial = value?.serial ?? null;
    if (key !== null && value !== null) settings = await goodSettings(file, key, value, box, problems);
  }

  // A box that belongs to nobody takes no orders: a request needs a key that is pinned, or that these very settings bring.
  const mayAsk = pinned ?? settings?.key.publicKey ?? null;
  const request = <K extends typeof WIPE_FILE | typeof SUPPORT_FILE>(name: K) => {
    const asked = contents.files.get(name);
    if (asked === undefined) return null;
    const refuse = (message: string, line = 1) => problems.push({ file: name, line, column: 1, path: '', code: 'stick_request_refused', message });
    if (mayAsk === null) refuse('This box belongs to no organisation yet. It takes settings first.');
    const key = signed(asked, mayAsk);
    const { value, problems: found } = checkFile(name, asked.bytes);
    problems.push(...found);
    if (key === null || value === null || mayAsk === null) return null;
    const storeId = box.organisation?.storeId ?? settings?.value.store.id ?? '';
    const why = whyNotNow(value, { boxId: box.boxId, storeId }, box.nowMs);
    if (why === null) return value;
    refuse(WHY_NOT[why], lineOf(asked.bytes, why === 'other_box' ? 'store|box' : 'until'));
    return null;
  };
  const wipe = request(WIPE_FILE) as Wipe | null;
  const support = request(SUPPORT_FILE) as Support | null;
  const code = problems.length === 0 ? null : mainCode(problems);
  const keyId = settings?.key.keyId ?? box.organisation?.keyId ?? null;
  return { empty: contents.files.size === 0 && problems.length === 0, settings, wipe, support, keyId, serial, problems, code };
}

async function goodSettings(
  file: StickFile, key: OrganisationKey, value: Settings, { organisation, identity }: { organisation: Organisation | null; identity: string }, problems: StickProblem[],
): Promise<GoodSettings | null> {
  const sha256 = createHash('sha256').update(file.bytes).digest('hex');
  const known = organisation?.sha256 === sha256;
  const before = problems.length;
  const refuse = (name: string, path: string, code: StickProblem['code'], message: string) => {
    problems.push({ file: SETTINGS_FILE, line: lineOf(file.bytes, name), column: columnOf(file.bytes, name), path, code, message });
    return null;
  };
  const { serial } = value;
  if (serial === undefined) return refuse('serial', 'serial', 'stick_unsigned', 'The file has no serial. "portico stick sign" sets it.');
  if (organisation !== null && serial <= organisation.serial && !known) {
    return refuse('serial', 'serial', 'stick_serial_old', `The box has settings with the serial ${organisation.serial} already. Sign the file anew: the serial grows each time.`);
  }
  const secrets = new Map<SecretName, Buffer>();
  for (const name of SECRET_NAMES) {
    const armored = value.secrets?.[name];
    if (armored === undefined) continue;
    try {
      const { secret, problem } = readSecret(name, await openSecret(armored, identity), value.export?.clientCertificate);
      if (secret === null) refuse(name, `secrets.${name}`, 'wrong_value', problem);
      else secrets.set(name, secret);
    } catch (error) {
      if (!isPorticoError(error)) throw error;
      refuse(name, `secrets.${name}`, error.code, 'This secret is not encrypted to this box. Encrypt it anew to the recipient in box.json on the stick.');
    }
  }
  return problems.length > before ? null : { value, serial, file, key, sha256, known, secrets };
}

function contentsOf(stick: string): ReturnType<typeof readStick> {
  try {
    return readStick(stick);
  } catch (cause) {
    throw new PorticoError(['ENOENT', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '') ? 'stick_not_found' : 'stick_interrupted', undefined, { cause });
  }
}

function mainCode(problems: readonly StickProblem[]): AnyErrorCode {
  const codes = new Set(problems.map(({ code }) => code as AnyErrorCode));
  const file = problems.some(({ code }) => OF_FILE.includes(code));
  return FIRST.find((code) => codes.has(code) || (code === 'stick_file_refused' && file) || (code === 'stick_invalid' && problems.some(({ code: each }) => !FIRST.includes(each as AnyErrorCode)))) ?? 'stick_invalid';
}

const matchOf = (bytes: Buffer, names: string) => new RegExp(`(^|[\\s{,"'])(?=(${names})["']?\\s*:)`, 'm').exec(bytes.toString('utf8').replace(/^\ufeff/, ''));

/** Where an entry of a file stands that was read already, from 1. */
function lineOf(bytes: Buffer, names: string): number {
  const match = matchOf(bytes, names);
  return match === null ? 1 : match.input.slice(0, match.index + match[0].length).split('\n').length;
}

function columnOf(bytes: Buffer, names: string): number {
  const match = matchOf(bytes, names);
  if (match === null) return 1;
  const at = match.index + match[0].length;
  return at - match.input.lastIndexOf('\n', at - 1);
}
