import { isDeepStrictEqual } from 'node:util';
import { isPorticoError, PorticoError, type AnyErrorCode, type Clock } from '../appliance/kit/index.js';
import { placesBelow } from '../updates/index.js';
import { allowAddresses, appliedSettings } from './addresses.js';
import { applyChange, packFolder } from './applied.js';
import { identityOf, readBoxKey, type BoxIdentity } from './boxKey.js';
import type { BoxPaths } from './boxPaths.js';
import type { Credentials } from './credentials.js';
import { readableChange } from './diff.js';
import { isFull, readIfThere, type Disk } from './disk.js';
import { writePublic } from './firstboot.js';
import { takeLock } from './lock.js';
import { readOrganisation, type Organisation } from './organisation.js';
import { readAndCheck, type GoodSettings, type Reading } from './reading.js';
import { commandsFor, render, secretFiles, type Target } from './render.js';
import { publicJson, type StickReport } from './report.js';
import { settle } from './settle.js';
import { stagePack } from './stagedPack.js';
import { layOut, takeToStick } from './stickOut.js';
import { leaveUpdate, takeUpdate, type Updating } from './stickUpdate.js';
import { keepReport, resultFiles } from './resultFiles.js';
import type { SecretName } from './settings.js';
import { closeSupport, openSupport } from './support.js';
import { porticoCommand, type System } from './system.js';

export interface ApplyOptions {
  paths: BoxPaths;
  disk: Disk;
  clock: Clock;
  /** Where the stick is mounted, or a folder that stands for it. */
  stick: string;
  dryRun: boolean;
  /** Null: nothing can be sealed. On a real box there are no keys then, and nothing is done (firstboot.ts). */
  credentials: Credentials | null;
  /** Null: below another root. Nothing is run, and the stick is written to as it is. */
  system: System | null;
  /** Null: below another root. Nothing is updated or wiped. */
  updating: Updating | null;
  /** Of Portico. */
  version: string;
}

/**
 * Does what a stick asks for, all of it or nothing, and leaves the result on it. What is wrong with a stick is a result, not an error.
 * A dry run changes neither the box nor the stick.
 * @throws PorticoError box_key_missing, box_key_unreadable, box_key_unsealed, stick_not_found, stick_busy
 */
export async function applyStick(options: ApplyOptions): Promise<StickReport> {
  if (options.dryRun) return look(options);
  const release = takeLock(options.paths);
  try {
    await settle(options.paths, options.disk, options.clock, options.system);
    return await work(options);
  } finally {
    release();
  }
}

/** What is known before anything is done. */
async function begin({ paths, clock, credentials, stick, dryRun, version }: ApplyOptions) {
  const identity = await readBoxKey(paths, credentials);
  if (identity === null) throw new PorticoError('box_key_missing');
  const box = await identityOf(identity);
  const organisation = readOrganisation(paths);
  const report: StickReport = {
    outcome: 'unchanged', code: null, at: new Date(clock.now()).toISOString(), serial: null, boxId: box.boxId, hostName: hostNameOf(paths), version,
    keyId: organisation?.keyId ?? null, problems: [], warnings: [], requests: [], update: null, dryRun, changes: [], commands: [],
  };
  if (credentials === null) report.warnings.push({ code: 'not_sealed', what: 'systemd-creds' });
  let reading: Reading | null = null;
  try {
    reading = await readAndCheck(stick, { organisation, identity, boxId: box.boxId, nowMs: clock.now() });
    Object.assign(report, { serial: reading.serial, keyId: reading.keyId, problems: reading.problems, code: reading.code });
    if (reading.problems.length > 0) report.outcome = 'refused';
  } catch (error) {
    if (!isPorticoError(error, 'stick_interrupted')) throw error;
    Object.assign(report, { outcome: 'refused', code: error.code });
  }
  return { box, organisation, reading, report };
}

async function look(options: ApplyOptions): Promise<StickReport> {
  const { reading, report } = await begin(options);
  if (reading === null || report.outcome === 'refused') return report;
  const { settings } = reading;
  report.update = await takeUpdate({ ...options, updating: null });
  if (settings !== null && !settings.known) {
    const targets = await targetsOf(options, settings, settings.value.models?.pack);
    const before = (path: string) => readIfThere(options.paths.at(path))?.toString('utf8') ?? null;
    report.changes = targets.flatMap((target) => readableChange(target, before(target.path)));
    report.commands = commandsFor(targets.filter(({ path, text }) => before(path) !== text).map(({ path }) => path));
  }
  report.requests = [...(reading.wipe === null ? [] : ['wipe' as const]), ...(reading.support === null ? [] : ['support' as const])].map((kind) => ({ kind, done: false, code: null }));
  return report;
}

async function work(options: ApplyOptions): Promise<StickReport> {
  const { paths, disk, stick, system } = options;
  const { box, organisation, reading, report } = await begin(options);
  if (reading !== null && report.outcome !== 'refused') {
    if (reading.wipe !== null) return wipe(options, box, report);
    await applySettings(options, reading, organisation, report);
    if (report.outcome === 'applied' || report.outcome === 'unchanged') {
      await grantSupport(options, reading, report);
      await update(options, reading, report);
    }
  }
  if (reading !== null && (report.outcome === 'refused' || report.outcome === 'rolled_back')) report.update ??= leaveUpdate(stick);
  // A stick with nothing for the box is no news: it shall learn the box's key.
  const isNews = reading === null || !reading.empty || report.update !== null;
  const tell = async (work: () => unknown) => {
    try {
      await work();
    } catch (error) {
      if (!isFull(error)) throw error;
      report.code ??= 'storage_full'; // what was done is done; it cannot be written down
    }
  };
  const toHealthPage = () => { if (isNews) disk.write(paths.stickJson, publicJson(report), 0o644); };
  report.hostName = hostNameOf(paths);
  await tell(() => writePublic(paths, disk, box, report.hostName));
  await tell(toHealthPage);
  const files = await resultFiles({ paths, report, box, isNews, ...(system === null ? {} : { addresses: system.ownAddresses() }) });
  await tell(() => { if (report.outcome === 'applied' && reading?.settings != null) keepReport(paths, disk, report); });
  let laidOut = false;
  await tell(() => { layOut(paths, disk, files); laidOut = true; });
  if (!(await takeToStick(paths, disk, stick, system, laidOut ? null : files))) {
    report.code ??= 'stick_not_written';
    await tell(toHealthPage);
  }
  return report;
}

async function applySettings(options: ApplyOptions, { settings }: Reading, before: Organisation | null, report: StickReport): Promise<void> {
  const { paths, disk, stick, system } = options;
  if (settings === null || settings.known) return;
  const networkBefore = appliedSettings(paths)?.network ?? null;
  try {
    const staged = await stagePack(paths, disk, stick, settings.value);
    if (staged !== null && staged.problems.length > 0) {
      Object.assign(report, { outcome: 'refused', problems: staged.problems, code: staged.problems[0]!.code === 'file_refused' ? 'stick_file_refused' : staged.problems[0]!.code });
      return;
    }
    const organisation: Organisation = {
      keyId: settings.key.keyId, publicKey: before?.publicKey ?? settings.key.publicKey, serial: settings.serial, sha256: settings.sha256,
      storeId: settings.value.store.id, appliedAt: report.at,
    };
    const targets = await targetsOf(options, settings, staged === null ? undefined : settings.value.models?.pack);
    const { outcome, full, commands, failed } = await applyChange(paths, disk, system, { organisation, targets, file: settings.file, pack: staged?.folder ?? null });
    const well = outcome === 'well';
    Object.assign(report, { outcome: well ? 'applied' : 'rolled_back', code: well ? null : full ? 'storage_full' : 'stick_apply_failed', commands });
    if (outcome === 'undoing') report.warnings.push({ code: 'undo_later', what: `${settings.serial}` });
    const { network } = settings.value;
    if (well && networkBefore !== null && !isDeepStrictEqual(network, networkBefore)) {
      report.warnings.push({ code: 'network_changed', what: [network.ethernet?.address ?? 'DHCP', `${network.hostName}.local`, ...(network.allowedLan ?? [])].join(', ') });
    }
    report.warnings.push(...failed.map((command) => ({ code: 'command_failed' as const, what: command.join(' ') })));
    if (well && system !== null) {
      report.warnings.push(...(await allowAddresses(paths, disk, system)).map((what) => ({ code: 'address_unknown' as const, what })));
    }
  } catch (error) {
    const code: AnyErrorCode | null = isPorticoError(error) ? error.code : isFull(error) ? 'storage_full' : null;
    if (code === null) throw error;
    Object.assign(report, { outcome: 'refused', code });
  } finally {
    disk.removeTree(paths.staging);
  }
}

async function targetsOf({ paths, credentials }: ApplyOptions, settings: GoodSettings, pack: string | undefined): Promise<Target[]> {
  const modelsDirectory = pack === undefined || pack === 'builtin' ? null : packFolder(paths, settings.serial);
  const signed = settings.file.bytes.toString('utf8');
  const secrets = new Map<SecretName, { text: string; sealed: boolean }>();
  for (const [name, secret] of settings.secrets) secrets.set(name, await sealed(paths, credentials, name, secret));
  return render(settings.value, { modelsDirectory, signed, secrets });
}

/** Sealing makes other bytes each time: what is there already and holds the same secret stays. */
async function sealed(paths: BoxPaths, credentials: Credentials | null, secret: SecretName, clear: Buffer): Promise<{ text: string; sealed: boolean }> {
  if (credentials === null) return { text: clear.toString('utf8'), sealed: false };
  const { name, sealed: file } = secretFiles(secret);
  const there = readIfThere(paths.at(file));
  const opened = there === null ? null : await credentials.open(name, there).catch(() => null);
  return { text: (opened?.equals(clear) === true ? there! : await credentials.seal(name, clear)).toString('utf8'), sealed: true };
}

async function grantSupport({ paths, disk, clock, system }: ApplyOptions, { support }: Reading, report: StickReport): Promise<void> {
  if (support === null) return;
  const commands = openSupport(paths, disk, support, clock.now());
  report.commands.push(...commands);
  let done = true;
  for (const command of commands) {
    if (system === null || (done = await system.run(command))) continue;
    // Without SSH nobody gets in, without its timer it would not end by itself: closed, then.
    report.warnings.push({ code: 'command_failed', what: command.join(' ') });
    for (const close of closeSupport(paths, disk)) await system.run(close);
    break;
  }
  report.requests.push({ kind: 'support', done, code: done ? null : 'support_not_opened' });
}

/** Also where there are no settings on the stick. */
async function update(options: ApplyOptions, { settings, support }: Reading, report: StickReport): Promise<void> {
  const done = await takeUpdate(options);
  report.update = done;
  if (done === null) return;
  report.code ??= done.code;
  if (settings !== null || support !== null) return;
  report.outcome = done.outcome === 'applied' || done.outcome === 'refused' || done.outcome === 'rolled_back' ? done.outcome : 'unchanged';
  if (done.at !== null) report.at = done.at; // plugged in again it is told the same
}

/** Takes this box's keys with it, so the result goes straight to the stick. Cut off, settling goes on with it. */
async function wipe({ paths, disk, clock, stick, system, updating }: ApplyOptions, box: BoxIdentity, report: StickReport): Promise<StickReport> {
  report.commands.push(porticoCommand('wipe', '--confirm', box.boxId));
  let code: AnyErrorCode | null = null;
  let unforeseen: unknown = null;
  if (updating !== null) {
    const { wipeBox, isWiping } = await import('./wipe.js');
    const places = placesBelow(paths.root);
    try {
      await wipeBox({
        places, machine: updating.machine, clock, confirm: box.boxId, requestedBy: `stick, key ${report.keyId ?? ''}`,
        certificateFolder: null, keepOrganisation: false,
      });
    } catch (error) {
      // The stick says that it is not done, whatever came in between.
      if (!isPorticoError(error)) unforeseen = error;
      code = isPorticoError(error) ? error.code : isWiping(places) ? 'wipe_incomplete' : 'wipe_refused';
    }
  }
  const done = updating !== null && code === null;
  report.requests.push({ kind: 'wipe', done, code });
  Object.assign(report, { outcome: done ? 'applied' : code === null ? 'unchanged' : 'refused', code });
  const files = await resultFiles({ paths, report, box: null, isNews: true });
  disk.write(paths.stickJson, publicJson(report), 0o644);
  layOut(paths, disk, files);
  if (!(await takeToStick(paths, disk, stick, system))) {
    report.code ??= 'stick_not_written';
    disk.write(paths.stickJson, publicJson(report), 0o644);
  }
  if (unforeseen !== null) throw unforeseen;
  return report;
}

function hostNameOf(paths: BoxPaths): string {
  return appliedSettings(paths)?.network.hostName ?? readIfThere(paths.at('/etc/hostname'))?.toString('utf8').trim() ?? '';
}
