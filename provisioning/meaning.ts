/** What a schema cannot say: addresses, time zones, and what must or must not stand together. */
import { X509Certificate } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import { Encrypter } from 'age-encryption';
import { Check } from 'typebox/schema';
import { EXPORT_DEFAULTS, problemsOfParameters, readOpeningHours, type ExportParameters } from '../appliance/config/index.js';
import { ReleaseParameters } from '../appliance/contract/index.js';
import { isPorticoError } from '../appliance/kit/index.js';
import type { ProblemCode } from './problems.js';
import type { Support, Wipe } from './requests.js';
import { problemOfChain } from './secrets.js';
import type { Settings } from './settings.js';

/** @param path as in problems; the nearest part of it that stands in the file is where it is said */
export type SayAt = (path: string, code: ProblemCode, message: string) => void;

/** A host name (RFC 1123). */
const HOST = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;

/** `192.168.1.0/24`, or an address alone. */
export function isNetwork(text: string, lengthNeeded = false): boolean {
  const [address = '', bits, more] = text.split('/');
  const most = isIP(address) === 4 ? 32 : 128;
  if (isIP(address) === 0 || address.includes('%') || more !== undefined) return false;
  return bits === undefined ? !lengthNeeded : /^(0|[1-9]\d{0,2})$/.test(bits) && Number(bits) <= most;
}
const isAddress = (text: string): boolean => isIP(text) !== 0 && !text.includes('%');

/** @param settings as far as they fit the schema: any part may be absent */
export function checkSettings(settings: DeepPartial<Settings>, say: SayAt): void {
  if (settings.timeZone !== undefined && !isTimeZone(settings.timeZone)) say('timeZone', 'wrong_value', `timeZone: ${JSON.stringify(settings.timeZone)} is not known. Write a time zone such as Asia/Shanghai.`);
  if (settings.openingHours !== undefined && !areOpeningHours(settings.openingHours)) say('openingHours', 'wrong_value', 'openingHours do not fit. Write them as in "Mo-Fr 10:00-22:00; Sa,Su 09:00-23:00".');
  if (settings.languages !== undefined && new Set(settings.languages).size < settings.languages.length) say('languages', 'contradiction', 'languages: the same one stands there twice.');
  checkNetwork(settings.network ?? {}, say);
  if (settings.headOffice?.url !== undefined && !isPlainUrl(settings.headOffice.url)) say('headOffice.url', 'wrong_value', 'headOffice.url does not fit. Write an address such as https://hq.example.cn/portico/, without a name or password in it.');
  for (const [i, each] of (settings.metrics?.allow ?? []).entries()) {
    if (each !== undefined && !isNetwork(each)) say(`metrics.allow[${i}]`, 'wrong_value', `metrics.allow[${i}]: ${JSON.stringify(each)} does not fit. Write an address or a network such as 10.0.0.0/24.`);
  }
  for (const [i, each] of (settings.roots ?? []).entries()) if (each !== undefined) checkRoot(each, `roots[${i}]`, say);
  checkBackup(settings, say);
  checkExport(settings, say);
  if (settings.updates?.from === 'headOffice' && settings.headOffice === undefined) say('updates.from', 'contradiction', 'updates.from is headOffice, but headOffice is missing. Say its url, or write: from: stick');
  if (settings.models?.pack === 'builtin' && settings.models.manifestSha256 !== undefined) say('models.manifestSha256', 'contradiction', 'models.manifestSha256 belongs to a pack on the stick. Delete it.');
}

function checkNetwork({ allowedLan = [], ethernet, ntp = [] }: DeepPartial<Settings['network']>, say: SayAt): void {
  for (const [i, each] of allowedLan.entries()) {
    if (each !== undefined && !isNetwork(each)) say(`network.allowedLan[${i}]`, 'wrong_value', `network.allowedLan[${i}]: ${JSON.stringify(each)} does not fit. Write a network such as 192.168.1.0/24.`);
  }
  for (const [i, each] of ntp.entries()) {
    if (each !== undefined && !isAddress(each) && !HOST.test(each)) say(`network.ntp[${i}]`, 'wrong_value', `network.ntp[${i}]: ${JSON.stringify(each)} does not fit. Write a host name or an address, such as ntp.aliyun.com.`);
  }
  if (ethernet === undefined) return;
  const { address, dhcp, dns = [], gateway } = ethernet;
  if (address !== undefined && !isNetwork(address, true)) say('network.ethernet.address', 'wrong_value', `network.ethernet.address: ${JSON.stringify(address)} does not fit. Write an address with the length of its network, such as 192.168.1.20/24.`);
  if (gateway !== undefined && !isAddress(gateway)) say('network.ethernet.gateway', 'wrong_value', `network.ethernet.gateway: ${JSON.stringify(gateway)} does not fit. Write an address such as 192.168.1.1.`);
  for (const [i, each] of dns.entries()) {
    if (each !== undefined && !isAddress(each)) say(`network.ethernet.dns[${i}]`, 'wrong_value', `network.ethernet.dns[${i}]: ${JSON.stringify(each)} does not fit. Write an address such as 192.168.1.1.`);
  }
  if (dhcp === true && (address !== undefined || gateway !== undefined)) say('network.ethernet', 'contradiction', 'network.ethernet has both dhcp: true and a fixed address. Keep one of them.');
  if (dhcp !== true && address === undefined && !('address' in ethernet) && !('dhcp' in ethernet && dhcp === undefined)) say('network.ethernet', 'missing_key', 'network.ethernet needs dhcp: true, or an address such as 192.168.1.20/24.');
  if (gateway !== undefined && address !== undefined && isAddress(gateway) && isNetwork(address, true) && isIP(gateway) !== isIP(address.split('/')[0]!)) {
    say('network.ethernet.gateway', 'contradiction', 'network.ethernet.gateway is not of the same kind as the address (IPv4 or IPv6).');
  } else if (gateway !== undefined && address !== undefined && isAddress(gateway) && isNetwork(address, true) && !isWithin(gateway, [address, 'fe80::/10'])) {
    say('network.ethernet.gateway', 'contradiction', `network.ethernet.gateway: ${gateway} is not in the network of ${address}, so the box would not reach it. Correct one of the two.`);
  }
  const networks = allowedLan.filter((each) => each !== undefined && isNetwork(each)) as string[];
  if (address !== undefined && isNetwork(address, true) && networks.length > 0 && networks.length === allowedLan.length && !isWithin(address.split('/')[0]!, networks)) {
    say('network.allowedLan', 'contradiction', `network.allowedLan does not hold the box's own address ${address}: the iPads beside it would be kept out. Add its network, or correct the address.`);
  }
}

/** @param networks such as 192.168.1.20/24, or an address alone */
function isWithin(address: string, networks: readonly string[]): boolean {
  const list = new BlockList();
  for (const each of networks) {
    const [net = '', bits] = each.split('/');
    const family = isIP(net) === 4 ? 'ipv4' : 'ipv6';
    list.addSubnet(net, Number(bits ?? (family === 'ipv4' ? 32 : 128)), family);
  }
  return list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');
}

function checkBackup({ backup, secrets }: DeepPartial<Settings>, say: SayAt): void {
  if (backup?.recipient !== undefined && !isRecipient(backup.recipient)) say('backup.recipient', 'wrong_value', 'backup.recipient has a letter too many, too few or changed. Copy the line that "portico backup key new" shows as a whole.');
  const sftp = checkServer('backup', backup ?? {}, say);
  if (secrets?.sftpKey !== undefined && backup?.to !== undefined && !sftp) say('secrets.sftpKey', 'contradiction', 'secrets.sftpKey is for backups to an sftp server, but backup.to is not one. Delete it.');
}

/** @returns whether it is one at all */
function checkServer(section: 'backup' | 'export', { hostKey, to }: { hostKey?: string | undefined; to?: string | undefined }, say: SayAt): boolean {
  const sftp = to?.startsWith('sftp:') === true;
  if (sftp && !isSftpUrl(to)) say(`${section}.to`, 'wrong_value', `${section}.to does not fit. Write sftp://user@host/folder, without a password.`);
  if (sftp && hostKey === undefined) say(section, 'missing_key', `${section}.hostKey is missing: how shall the box know the server? Ask it: ssh-keyscan HOST | ssh-keygen -lf -`);
  if (to !== undefined && !sftp && hostKey !== undefined) say(`${section}.hostKey`, 'contradiction', `${section}.hostKey is for sftp only. Delete it.`);
  return sftp;
}

function checkExport({ dayEndsAt = '04:00', export: release, headOffice, secrets }: DeepPartial<Settings>, say: SayAt): void {
  if (release === undefined) return;
  const { clientCertificate, to } = release;
  const sftp = checkServer('export', release, say);
  if (to === 'headOffice' && headOffice === undefined) say('export.to', 'contradiction', 'export.to is headOffice, but headOffice is missing. Say its url, or write usb or sftp://user@host/folder.');
  const only = (path: string, given: unknown, isFor: string) => { if (given !== undefined && to !== undefined) say(path, 'contradiction', `${path} is for ${isFor}, but export.to is not that. Delete it.`); };
  if (!sftp) only('secrets.exportSftpKey', secrets?.exportSftpKey, 'releases to an sftp server');
  if (to !== 'headOffice') {
    only('secrets.exportHmac', secrets?.exportHmac, 'releases by HTTPS (headOffice)');
    only('secrets.exportClientKey', secrets?.exportClientKey, 'releases by HTTPS (headOffice)');
    only('export.clientCertificate', clientCertificate, 'releases by HTTPS (headOffice)');
  } else if (secrets?.exportClientKey !== undefined && !('clientCertificate' in release)) {
    say('export', 'missing_key', 'export.clientCertificate is missing: secrets.exportClientKey is the key of one. Write it first, then the secret.');
  }
  const chain = clientCertificate === undefined ? null : problemOfChain(clientCertificate);
  if (chain !== null) say('export.clientCertificate', 'wrong_value', `export.clientCertificate ${chain}`);

  // What does not fit its own bounds is told already; the default stands for it.
  const said = Object.entries({ ...release.parameters, teams: release.teams, tiers: release.tiers }).filter(([name, value]) => Check(ReleaseParameters.properties[name as keyof ExportParameters], value));
  for (const { byItself, parameter, problem } of problemsOfParameters({ ...EXPORT_DEFAULTS, ...Object.fromEntries(said) }, dayEndsAt)) {
    const path = parameter === 'teams' || parameter === 'tiers' ? `export.${parameter}` : `export.parameters.${parameter}`;
    say(path, byItself ? 'wrong_value' : 'contradiction', `${path} ${problem}.`);
  }
}

function checkRoot(pem: string, path: string, say: SayAt): void {
  try {
    const certificate = new X509Certificate(pem);
    if (pem.split('-----BEGIN').length !== 2) say(path, 'wrong_value', `${path} holds several certificates. Write each as an entry of its own.`);
    else if (!certificate.ca) say(path, 'wrong_value', `${path} is a certificate of a server, not one that signs others. Take the root's.`);
  } catch {
    say(path, 'wrong_value', `${path} is not a certificate. Write the whole block from -----BEGIN CERTIFICATE----- on after "|".`);
  }
}

/** @param request as far as it fits */
export function checkRequest(request: Partial<Wipe> | Partial<Support>, say: SayAt): void {
  if (request.kind !== 'wipe' && request.store === undefined && request.box === undefined) say('', 'missing_key', 'Which box? Write store: and the store\'s id, or box: and the box\'s own.');
  if (request.until !== undefined && !isInstant(request.until)) say('until', 'wrong_value', `until: ${JSON.stringify(request.until)} is not a day of the calendar. Write an instant such as 2026-12-01T18:00:00+08:00.`);
}

/** Date.parse takes 31 February for 3 March. */
function isInstant(text: string): boolean {
  const day = text.slice(0, 10);
  const midnight = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(Date.parse(text)) && !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(day);
}

/** It carries a checksum: a slip of the pen would be backups that nobody can open. */
function isRecipient(text: string): boolean {
  try {
    new Encrypter().addRecipient(text);
    return true;
  } catch {
    return false;
  }
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function areOpeningHours(text: string): boolean {
  try {
    return readOpeningHours(text).length > 0;
  } catch (error) {
    if (isPorticoError(error)) return false;
    throw error;
  }
}

function urlOf(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}
function isPlainUrl(text: string): boolean {
  const url = urlOf(text);
  return url !== null && url.username === '' && url.password === '' && url.hash === '' && (HOST.test(url.hostname) || isIP(url.hostname.replace(/^\[|\]$/g, '')) !== 0);
}
function isSftpUrl(text: string): boolean {
  const url = urlOf(text);
  if (url === null || url.username === '' || url.password !== '' || url.search !== '' || url.hash !== '') return false;
  try {
    decodeURIComponent(url.username + url.pathname);
  } catch {
    return false;
  }
  return HOST.test(url.hostname) || isIP(url.hostname.replace(/^\[|\]$/g, '')) !== 0;
}

type DeepPartial<T> = T extends readonly (infer Item)[] ? DeepPartial<Item | undefined>[] : T extends object ? { [K in keyof T]?: DeepPartial<T[K]> | undefined } : T;
