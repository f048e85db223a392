/** Making a stick: settings, secrets, requests, signatures. Nothing of the stick is changed before all of it was found to fit. */
import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { PorticoError } from '../../appliance/kit/index.js';
import { checkFile, SETTINGS_FILE, SUPPORT_FILE, WIPE_FILE, type StickFileName } from '../check.js';
import type { Problem } from '../problems.js';
import type { Support, Wipe } from '../requests.js';
import { readSecret } from '../secrets.js';
import { Settings, STICK_VERSION, type SecretName } from '../settings.js';
import { signFile, verifyFile, type SigningKey } from '../signing.js';
import { readStick } from '../stickFiles.js';
import { adaptSettings, composeSettings, SCHEMA_FILE, withValue, type Answers } from './compose.js';
import { isInside, writeNew, writeWhole } from './files.js';
import { inspectStick, type Inspection } from './inspect.js';
import { nextSerial } from './keys.js';
import { makeOwnerCode } from './ownerCode.js';
import { encryptToBox, type BoxCard } from './secret.js';
import { ownerSheet } from './sheet.js';

/** Everything fits, or all that does not. */
export type Outcome<T> = { done: T; problems: [] } | { done: null; problems: Problem[] };
const refused = (problems: Problem[]): { done: null; problems: Problem[] } => ({ done: null, problems });

/** The JSON Schema that editors read beside portico.yaml. */
export const schemaFile = (): string => `${JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', title: 'portico.yaml', ...Settings }, null, 2)}\n`;

/**
 * Makes portico.yaml with a code for the owner. The code goes to the sheet, its hash into the file.
 * @param from another store's file that the answers are put into; null: a new one, for which all answers are needed
 * @param sheet a new file outside the stick
 * @param madeOn YYYY-MM-DD, for the sheet
 * @throws PorticoError stick_not_found, stick_has_settings, stick_sheet_refused, key_file_exists {file}
 */
export async function newStick(directory: string, from: Uint8Array | null, answers: Partial<Answers>, sheet: string, madeOn: string): Promise<Outcome<{ settings: Settings }>> {
  mustBeFolder(directory);
  const { files, lookalike, problems } = readStick(directory);
  if (files.has(SETTINGS_FILE) || lookalike !== null || problems.length > 0) throw new PorticoError('stick_has_settings', { folder: directory, file: lookalike ?? SETTINGS_FILE });
  if (isInside(sheet, directory)) throw new PorticoError('stick_sheet_refused', { sheet });
  const { code, sha256 } = makeOwnerCode();
  const made = from === null ? { text: composeSettings(answers as Answers, sha256), problems: [] as [] } : adaptSettings(from, answers, sha256);
  if (made.text === null) return refused(made.problems);
  const checked = checkFile(SETTINGS_FILE, Buffer.from(made.text));
  if (checked.value === null) return refused(checked.problems);
  const { network, store } = checked.value;
  writeNew(sheet, await ownerSheet({ storeId: store.id, storeName: store.name, hostName: network.hostName, code, madeOn }));
  try {
    writeWhole(join(directory, SCHEMA_FILE), schemaFile());
    writeWhole(join(directory, SETTINGS_FILE), made.text);
  } catch (error) {
    rmSync(sheet, { force: true }); // its code opens nothing
    throw error;
  }
  return { done: { settings: checked.value }, problems: [] };
}

/**
 * Signs all files of the stick, after checking them: portico.yaml under a new number.
 * @param keyFile where the key lies, for the number beside it
 * @throws PorticoError stick_not_found, key_file_invalid; and stick_signature_wrong where the stick does not keep what was written
 */
export async function signStick(directory: string, key: SigningKey, keyFile: string, nowMs: number): Promise<Outcome<{ inspection: Inspection; serial: number | null }>> {
  mustBeFolder(directory);
  const inspection = await inspectStick(directory, nowMs);
  if (inspection.problems.length > 0) return refused(inspection.problems);
  let serial: number | null = null;
  for (const file of inspection.files.values()) {
    let bytes = file.bytes;
    if (file.name === SETTINGS_FILE) {
      const settings = inspection.values[SETTINGS_FILE]!;
      serial = nextSerial(keyFile, settings.serial ?? 0);
      bytes = Buffer.from(withValue(bytes, ['serial'], serial));
      if (inspection.manifestSha256 !== null) bytes = Buffer.from(withValue(bytes, ['models', 'manifestSha256'], inspection.manifestSha256));
      const { problems } = checkFile(SETTINGS_FILE, bytes);
      if (problems.length > 0) return refused(problems); // such as a file that was full to the last byte
    }
    const path = join(directory, file.writtenAs);
    if (!bytes.equals(file.bytes)) writeWhole(path, bytes);
    writeWhole(`${path}.sig`, signFile(bytes, key));
  }
  // As the box will read it.
  for (const { bytes, signature } of readStick(directory).files.values()) verifyFile(bytes, signature, key.publicKey);
  return { done: { inspection: await inspectStick(directory, nowMs), serial }, problems: [] };
}

/**
 * Puts a secret into portico.yaml that only this box can read. The signature does not fit any longer and is taken away.
 * @param given as it was read from a file
 * @throws PorticoError stick_not_found
 */
export async function putSecret(directory: string, name: SecretName, given: Buffer, box: BoxCard): Promise<Outcome<object>> {
  mustBeFolder(directory);
  const { files, problems } = readStick(directory);
  const file = files.get(SETTINGS_FILE);
  if (problems.length > 0) return refused(problems);
  if (file === undefined) throw new PorticoError('stick_not_found', { folder: directory });
  const before = checkFile(SETTINGS_FILE, file.bytes);
  if (before.value === null) return refused(before.problems);
  const { secret, problem } = readSecret(name, given, before.value.export?.clientCertificate);
  // Once it is encrypted nobody sees it any more but the box.
  if (secret === null) return refused([{ file: SETTINGS_FILE, line: 1, column: 1, path: `secrets.${name}`, code: 'wrong_value', message: problem }]);
  const text = withValue(file.bytes, ['secrets', name], await encryptToBox(secret, box));
  const after = checkFile(SETTINGS_FILE, Buffer.from(text));
  if (after.value === null) return refused(after.problems);
  const path = join(directory, file.writtenAs);
  rmSync(`${path}.sig`, { force: true });
  writeWhole(path, text);
  return { done: {}, problems: [] };
}

export type NewRequest = Omit<Wipe, 'version'> | Omit<Support, 'version'>;

/**
 * Makes a request's file, to be signed like the rest. One that was there is replaced, its signature taken away.
 * @throws PorticoError stick_not_found
 */
export function putRequest(directory: string, request: NewRequest): Outcome<{ file: StickFileName }> {
  mustBeFolder(directory);
  const file = request.kind === 'wipe' ? WIPE_FILE : SUPPORT_FILE;
  const { kind, ...rest } = request;
  const said = request.kind === 'wipe' ? 'Asks the box to destroy all its data. Sign it with "portico stick sign".' : 'Lets somebody log in to the box for a while. Sign it with "portico stick sign".';
  const text = `# ${said}\n${stringify({ kind, version: STICK_VERSION, ...rest }, { lineWidth: 0 })}`;
  const { problems } = checkFile(file, Buffer.from(text));
  if (problems.length > 0) return refused(problems);
  const before = readStick(directory);
  const ours = before.problems.filter((problem) => problem.file === file || problem.file === `${file}.sig`);
  if (ours.length > 0) return refused(ours);
  const path = join(directory, before.files.get(file)?.writtenAs ?? file);
  rmSync(`${path}.sig`, { force: true });
  writeWhole(path, text);
  return { done: { file }, problems: [] };
}

function mustBeFolder(directory: string): void {
  if (!existsSync(directory) || !statSync(directory).isDirectory()) throw new PorticoError('stick_not_found', { folder: directory });
}
