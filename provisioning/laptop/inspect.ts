/** A whole stick as IT's laptop sees it: all that is wrong, and what a box would do with it. */
import { createHash } from 'node:crypto';
import { isPorticoError } from '../../appliance/kit/index.js';
import { checkFile, SETTINGS_FILE, STICK_FILES, SUPPORT_FILE, WIPE_FILE, type Said, type StickFileName } from '../check.js';
import { openModelPack } from '../modelPack.js';
import { inOrder, type Problem, type ProblemCode } from '../problems.js';
import { LONGEST_MS } from '../requests.js';
import { BUILTIN_PACK, releasesUrl, type Settings } from '../settings.js';
import { verifyFile } from '../signing.js';
import { readStick, type StickContents } from '../stickFiles.js';

export interface Inspection {
  files: StickContents['files'];
  values: Partial<Said>;
  /** SHA-256 of the manifest of the pack that the settings name; null: the built-in one, or it cannot be read. */
  manifestSha256: string | null;
  /** Of what the files say; signatures aside. In the order of the files. */
  problems: Problem[];
}

/**
 * @param nowMs for requests that are over
 * @throws what the file system throws where the folder cannot be read
 */
export async function inspectStick(directory: string, nowMs: number): Promise<Inspection> {
  const { files, lookalike, problems } = readStick(directory);
  const found = [...problems];
  if (files.size === 0 && problems.length === 0) {
    found.push(whole(SETTINGS_FILE, 'file_missing', lookalike === null
      ? 'There is no portico.yaml in this folder. Make one with "portico stick new".'
      : `There is no portico.yaml in this folder. Rename ${JSON.stringify(lookalike)} to portico.yaml (Windows: first show file name extensions).`));
  }
  const values: Partial<Said> = {};
  for (const name of STICK_FILES) {
    const file = files.get(name);
    if (file === undefined) continue;
    const { problems: ofFile, value } = checkFile(name, file.bytes);
    found.push(...ofFile);
    if (value !== null) Object.assign(values, { [name]: value });
  }
  for (const name of [WIPE_FILE, SUPPORT_FILE] as const) {
    const request = values[name];
    if (request === undefined) continue;
    const leftMs = Date.parse(request.until) - nowMs;
    const days = LONGEST_MS[request.kind] / 86_400_000;
    if (leftMs <= 0) found.push(whole(name, 'over', `until: this was over at ${request.until}. Make it anew with "portico stick request".`));
    else if (leftMs > LONGEST_MS[request.kind]) found.push(whole(name, 'over', `until: ${request.until} is too far off: a box takes at most ${days} days.`));
  }
  const settings = values[SETTINGS_FILE];
  const pack = settings === undefined ? { sha256: null, problems: [] } : await inspectPack(directory, settings);
  return { files, values, manifestSha256: pack.sha256, problems: inOrder([...found, ...pack.problems]) };
}

const whole = (file: string, code: ProblemCode, message: string): Problem => ({ file, line: 1, column: 1, path: '', code, message });

/** Reads the whole pack: a stick's copy is not always what was copied. */
async function inspectPack(directory: string, settings: Settings): Promise<{ sha256: string | null; problems: Problem[] }> {
  const name = settings.models?.pack ?? BUILTIN_PACK;
  if (name === BUILTIN_PACK) return { sha256: null, problems: [] };
  const { pack, problems } = openModelPack(directory, name);
  if (pack === null) return { sha256: null, problems };
  try {
    const damaged: Problem[] = [];
    for (const file of pack.files) {
      const hash = createHash('sha256');
      for await (const piece of pack.open(file)) hash.update(piece);
      if (hash.digest('hex') !== file.sha256) damaged.push(whole(`models/${name}/${file.name}`, 'file_refused', 'This model is not the one that its manifest names. Copy the pack again.'));
    }
    return { sha256: pack.manifestSha256, problems: damaged };
  } finally {
    pack.close();
  }
}

/** @param organisation publicKey that all must be signed by; null: by any, but by one and the same */
export function inspectSignatures({ files, manifestSha256, values }: Inspection, organisation: string | null): { keyId: string | null; problems: Problem[] } {
  const problems: Problem[] = [];
  let expected = organisation;
  let keyId: string | null = null;
  for (const { bytes, name, signature } of files.values()) {
    try {
      const key = verifyFile(bytes, signature, expected);
      expected = key.publicKey;
      keyId ??= key.keyId;
    } catch (error) {
      if (!isPorticoError(error)) throw error;
      const code = error.code === 'stick_unsigned' ? 'unsigned' : error.code === 'stick_other_organisation' ? 'other_organisation' : 'signature_wrong';
      problems.push(whole(name, code, SIGNATURE_WORDS[code]));
    }
  }
  const named = values[SETTINGS_FILE]?.models?.manifestSha256 ?? null;
  if (problems.length === 0 && values[SETTINGS_FILE] !== undefined && named !== manifestSha256) {
    problems.push(whole(SETTINGS_FILE, 'signature_wrong', 'The model pack is not the one that was there when the stick was signed. Sign it anew.'));
  }
  return { keyId, problems: inOrder(problems) };
}

const SIGNATURE_WORDS = {
  unsigned: 'The file is not signed. Run "portico stick sign".',
  signature_wrong: 'The signature does not fit: the file was changed after it was signed. Run "portico stick sign".',
  other_organisation: 'The file is signed by another key than the one given, or than the other files. Run "portico stick sign".',
} as const;

/** What a box does with a stick that has no problems, in sentences. */
export function whatTheBoxDoes({ values }: Inspection, keyId: string | null): string[] {
  const lines: string[] = [];
  const settings = values[SETTINGS_FILE];
  if (settings !== undefined) lines.push(...ofSettings(settings, keyId));
  for (const name of [WIPE_FILE, SUPPORT_FILE] as const satisfies StickFileName[]) {
    const request = values[name];
    if (request === undefined) continue;
    const who = [request.store === undefined ? [] : [`of store ${request.store}`], request.box === undefined ? [] : [`with the id ${request.box}`]].flat().join(' ');
    lines.push(`${name}: until ${request.until} the box ${who} ${request.kind === 'wipe' ? 'DESTROYS ALL ITS DATA' : `lets ${request.sshKey.split(' ')[2] ?? 'the holder of the key'} log in over SSH`}.`);
  }
  return lines;
}

function ofSettings(settings: Settings, keyId: string | null): string[] {
  const { backup, models, network, store } = settings;
  const cable = network.ethernet?.address === undefined ? 'an address from the network' : `the address ${network.ethernet.address}`;
  const serial = settings.serial ?? 0;
  return [
    `${SETTINGS_FILE}: settings for store ${store.id} (${store.name})${serial === 0 ? '' : `, number ${serial}`}.`,
    ...(keyId === null || serial === 0 ? [] : [`  Taken by a box that belongs to key ${keyId} or to nobody yet, if its last number is below ${serial}.`]),
    `  The box becomes https://${network.hostName}.local:8443, with ${cable}; ${network.allowedLan === undefined ? 'every private network may reach it' : `only ${network.allowedLan.join(', ')} may reach it`}.`,
    `  Models: ${models === undefined || models.pack === BUILTIN_PACK ? 'those it came with' : `the pack ${models.pack} on the stick`}. Updates: ${settings.updates?.from === 'headOffice' ? 'from head office or from sticks' : 'only from sticks'}.`,
    `  Backups: ${backup === undefined ? 'NONE' : `each night at ${backup.at ?? '02:40'}, ${backup.to === 'usb' ? 'to the disk PORTICO-BAK' : `to ${new URL(backup.to).host}`}`}.`,
    `  Releases for head office: ${settings.export === undefined ? 'NONE' : `each night at ${settings.export.at ?? '04:40'}, ${whereReleasesGo(settings, settings.export)}`}.`,
    ...(settings.owner === undefined ? ['  There is no code for a first owner.'] : []),
  ];
}

/** How the box is known there, too: what is missing is seen here and not by its first night. */
function whereReleasesGo(settings: Settings, { clientCertificate, to }: NonNullable<Settings['export']>): string {
  if (to === 'usb') return 'to the disk PORTICO-OUT';
  const { exportClientKey, exportHmac, exportSftpKey } = settings.secrets ?? {};
  if (to !== 'headOffice') return `to ${new URL(to).host}${exportSftpKey === undefined ? '; its key, exportSftpKey, IS MISSING' : ''}`;
  const proofs = [...(exportHmac === undefined ? [] : ['signed with exportHmac']), ...(clientCertificate === undefined ? [] : [exportClientKey === undefined ? 'its client certificate\'s key, exportClientKey, IS MISSING' : 'with its client certificate'])];
  return `to ${releasesUrl(settings) ?? ''}${proofs.length === 0 ? '; head office knows the box by the signature in each release' : `, ${proofs.join(', ')}`}`;
}
