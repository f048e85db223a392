/** `portico update ...`: the work behind the commands. */
import { existsSync, readFileSync } from 'node:fs';
import { isPorticoError, PorticoError, systemClock } from '../appliance/kit/index.js';
import {
  applyUpdate, checkBundle, fetchUpdate, lastReport, makeBundle, placesBelow, readConfig, readExtraRoots, readJournal, readKnown, readPinned, readUpdatesFrom, runningVersion, settle, settleRunning, signBundle, STEPS, systemdMachine,
  type Options, type Settled, type Step,
} from '../updates/index.js';
import { openKeyFile } from '../provisioning/laptop/index.js';
import { passphrase } from './ask.js';
import { EXIT, UsageError, type Exit, type Output } from './output.js';

interface OnBox { root: string }

export async function bundle(tree: string, { to, minVersion }: { to: string; minVersion?: string }, output: Output): Promise<void> {
  const { file, manifest } = await makeBundle({ tree, folder: to, minVersion: minVersion ?? null, clock: systemClock });
  const files = Object.keys(manifest.files).length;
  output.line(`${file}\nversion ${manifest.version} for ${manifest.arch}, ${files} files, ${manifest.payload.bytes} bytes. Not signed yet: portico update sign`);
  output.result({ file, version: manifest.version, arch: manifest.arch, files, bytes: manifest.payload.bytes });
}

export async function sign(file: string, { key, passphraseFile }: { key: string; passphraseFile?: string }, output: Output): Promise<void> {
  const signing = await openKeyFile(key, () => passphrase(`Passphrase of ${key}`, passphraseFile ?? null));
  const manifest = await signBundle(file, signing);
  output.line(`${file}: version ${manifest.version} signed by ${signing.keyId}`);
  output.result({ file, version: manifest.version, keyId: signing.keyId });
}

export async function check(file: string, { root }: OnBox, output: Output): Promise<void> {
  const pinned = readPinned(placesBelow(root));
  const { manifest, keyId } = await checkBundle(file, pinned, (share) => output.progress('checking', share, 1));
  const whose = pinned === null ? 'compare this with the key of your organisation' : 'the organisation of this box';
  output.line(`genuine: version ${manifest.version} for ${manifest.arch}, made ${manifest.createdAt}\nsigned by ${keyId} (${whose})`);
  output.result({ version: manifest.version, arch: manifest.arch, minVersion: manifest.minVersion, createdAt: manifest.createdAt, keyId, ofThisBox: pinned !== null });
}

/** Exit code 3: it waits for a quiet hour, or for another that is under way. Without a file it is the timer who asks, and nothing to do is no failure. */
export async function apply(file: string | null, { root, now = false }: OnBox & { now?: boolean }, output: Output): Promise<Exit> {
  const options = optionsOn(root, output);
  const pinned = readPinned(options.places);
  if (pinned === null) {
    if (file !== null) throw new PorticoError('update_unsigned', { reason: 'this box belongs to no organisation yet: plug in its first stick' });
    output.line('This box belongs to no organisation yet, so there is nothing to apply.');
    output.result({ outcome: 'none' });
    return EXIT.fine;
  }
  const applied = await applyUpdate({ ...options, pinned, file, now }).catch((error: unknown) => {
    if (file === null && isPorticoError(error, 'update_running')) return null;
    throw error;
  });
  if (applied === null) {
    output.line('Another update, or a wipe, is under way.');
    output.result({ outcome: 'running' });
    return EXIT.warning;
  }
  const { outcome, from, to } = applied;
  output.line({
    applied: `Portico ${to ?? ''} runs and is well; before it was ${from}.`,
    waiting: `Portico ${to ?? ''} is genuine and waits until the store is closed, or until 03:00 where its hours are not known. With --now it does not.`,
    none: `There is nothing to apply. Portico ${from} runs.`,
  }[outcome]);
  output.result({ outcome, from, to });
  return outcome === 'waiting' ? EXIT.warning : EXIT.fine;
}

const SETTLED: Record<Settled, string> = {
  nothing: 'No update was cut off.', old: 'An update was cut off or did not do: the version of before is back.', new: 'The new version is kept.',
  trying: 'The new version starts once more, on trial.',
};

export async function settleBox({ root, running = false }: OnBox & { running?: boolean }, output: Output): Promise<void> {
  // A box of no organisation yet never took an update: at its first boots there is nothing to settle, and that is no failure.
  const settled = readPinned(placesBelow(root)) === null ? 'nothing' : await settleOn(optionsOn(root, output), running);
  output.line(SETTLED[settled]);
  output.result({ settled });
}

const settleOn = (options: Options, running: boolean): Promise<Settled> => (running ? settleRunning(options) : settle(options));

export async function fetchFrom({ root, roots }: OnBox & { roots?: string }, output: Output): Promise<void> {
  const places = placesBelow(root);
  if (readUpdatesFrom(places) === 'stick') {
    output.line('The settings say that updates come by stick (updates.from): head office was not asked.');
    output.result({ outcome: 'not_asked', version: null, file: null });
    return;
  }
  const { headOfficeUrl } = readConfig(places);
  if (headOfficeUrl === null) throw new PorticoError('update_not_reached', { reason: 'PORTICO_HEAD_OFFICE_URL is not set' });
  const { outcome, version, file } = await fetchUpdate({
    headOffice: headOfficeUrl, running: runningVersion(places), folder: places.incoming, known: readKnown(places),
    roots: [...readExtraRoots(places), ...(roots === undefined ? [] : [read(roots).toString('utf8')])], told: (done, of) => output.progress('fetching', done, of),
  });
  output.line(outcome === 'up_to_date' ? `Nothing new: head office has ${version}.` : `Portico ${version} was fetched; "portico update apply" takes it from there.`);
  output.result({ outcome, version, file });
}

export function status({ root }: OnBox, output: Output): void {
  const places = placesBelow(root);
  if (!existsSync(places.current)) throw new PorticoError('update_no_box');
  const [running, last] = [runningVersion(places), lastReport(places)];
  const phase = process.getuid?.() === 0 ? readJournal(places)?.phase ?? null : null;
  output.line(`Portico ${running} runs.`);
  if (last !== null) output.line(`Last update: ${last.from} to ${last.to ?? 'unknown'}, ${last.outcome}${last.errorCode === null ? '' : ` (${last.errorCode})`}, ${last.at}`);
  if (phase !== null) output.line(`In the middle of one: ${phase}`);
  output.result({ running, last: last === null ? null : { ...last }, phase });
}

/** @throws PorticoError needs_root */
function optionsOn(root: string, output: Output): Options {
  if (root === '/' && process.getuid?.() !== 0) throw new PorticoError('needs_root');
  const places = placesBelow(root);
  const steps: readonly Step[] = STEPS;
  return {
    places, clock: systemClock, machine: systemdMachine(places),
    reached: (step) => { if (steps.includes(step)) output.progress('updating', steps.indexOf(step) + 1, steps.length); },
  };
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? ''})`);
  }
}
