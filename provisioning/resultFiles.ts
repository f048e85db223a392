import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PorticoError, type AnyErrorCode } from '../appliance/kit/index.js';
import { appliedSettings } from './addresses.js';
import type { BoxIdentity } from './boxKey.js';
import type { BoxPaths } from './boxPaths.js';
import { readIfThere, type Disk } from './disk.js';
import { reportOf } from './generation.js';
import { readOrganisation } from './organisation.js';
import { reportJson, reportText, type StickReport } from './report.js';
import type { ResultFile } from './stickOut.js';

const HTTPS_PORT = 8443;
const TRUST_PORT = 8080;
const english = (code: AnyErrorCode): string => new PorticoError(code).message;

/**
 * What goes back onto a stick. No secret: nothing here is read from a key.
 * @param options.box null: the box has just forgotten itself
 * @param options.addresses of the box in the LAN; none: those that the settings name
 */
export async function resultFiles(options: {
  paths: BoxPaths; report: StickReport; box: BoxIdentity | null; isNews: boolean; addresses?: readonly string[];
}): Promise<Map<ResultFile, Uint8Array | string>> {
  const { paths, box } = options;
  const files = new Map<ResultFile, Uint8Array | string>();
  const organisation = readOrganisation(paths);
  // Plugged in again it is told what it was told: the same bytes, so nothing has to be written.
  const again = options.report.outcome === 'unchanged' && options.report.serial !== null && options.report.serial === organisation?.serial && options.report.requests.length === 0;
  const report: StickReport = again
    ? { ...options.report, outcome: 'applied', at: organisation.appliedAt, ...keptReport(paths, organisation.serial), update: options.report.update }
    : options.report;
  if (options.isNews) {
    files.set('portico-result.json', reportJson(report));
    files.set('portico-result.txt', reportText(report, english));
  }
  if (box !== null) files.set('box.json', `${JSON.stringify({ boxId: box.boxId, recipient: box.recipient, hostName: report.hostName }, null, 2)}\n`);
  // Of a box that belongs to nobody: whoever wiped it comes for this, also after a power cut.
  if (organisation === null && options.isNews) for (const [name, bytes] of wipeCertificate(paths)) files.set(name, bytes);
  const root = readIfThere(paths.rootCertificate);
  const settings = appliedSettings(paths);
  if (box === null || report.outcome !== 'applied' || root === null || settings === null || organisation === null) return files;
  const { onboardingPdf } = await import('../appliance/papers/index.js');
  const fixed = settings.network.ethernet?.address?.split('/')[0];
  const [address] = fixed === undefined ? options.addresses ?? [] : [fixed];
  const host = address === undefined ? `${settings.network.hostName}.local` : address.includes(':') ? `[${address}]` : address;
  files.set('portico-root.crt', root);
  files.set('portico-onboarding.pdf', await onboardingPdf({
    storeName: settings.store.name, timeZone: settings.timeZone, boxId: box.boxId, rootPem: root.toString('utf8'), createdAt: organisation.appliedAt,
    // By address: a browser that has met the box by its name would open this as https (http/headers.ts).
    trustUrl: `http://${host}:${TRUST_PORT}/trust`, boxUrl: `https://${settings.network.hostName}.local:${HTTPS_PORT}`,
  }, settings.languages?.[0] ?? 'zh-CN'));
  return files;
}

/** What was told when these settings were applied, for whoever plugs the stick in again. */
export function keepReport(paths: BoxPaths, disk: Disk, report: StickReport): void {
  if (report.serial !== null) disk.write(reportOf(paths, report.serial), `${JSON.stringify({ ...report, changes: [], commands: [] })}\n`, 0o600);
}

function keptReport(paths: BoxPaths, serial: number): Partial<StickReport> {
  const bytes = readIfThere(reportOf(paths, serial));
  return bytes === null ? {} : JSON.parse(bytes.toString('utf8')) as StickReport;
}

const CERTIFICATE = /^portico-wipe-.+\.(pdf|jws|keys\.json)$/;

/** The last one that a wipe left here (wipe.ts). */
function wipeCertificate({ boxJson }: BoxPaths): [ResultFile, Buffer][] {
  const folder = dirname(boxJson);
  const found = existsSync(folder) ? readdirSync(folder).flatMap((name) => { const kind = CERTIFICATE.exec(name)?.[1]; return kind === undefined ? [] : [{ name, kind }]; }) : [];
  return found.map(({ name, kind }) => [`portico-wipe-certificate.${kind}` as ResultFile, readFileSync(join(folder, name))]);
}
