/** What a settings file becomes on a box: files, as text. Pure. */
import { isIP } from 'node:net';
import { CLIENT_CERTIFICATE, CREDENTIALS } from './secrets.js';
import { SECRET_NAMES, toEnvironment, type SecretName, type Settings } from './settings.js';

/** One file of the box. */
export interface Target {
  /** From the root of the box. */
  path: string;
  /** Null: not there. */
  text: string | null;
  mode: number;
  /** Shown as "changed" and never in words. */
  secret?: true;
}

/** What settings alone do not tell. */
export interface Surroundings {
  /** Where the stick's model pack will lie; null: the built-in one. */
  modelsDirectory: string | null;
  /** portico.yaml as it was signed. */
  signed: string;
  /** Sealed for systemd, base64; or, where nothing can be sealed, below another root, in clear. */
  secrets: ReadonlyMap<SecretName, { text: string; sealed: boolean }>;
}

/** Where LAN devices may come from when the file says nothing: private networks (RFC 1918, RFC 4193) and link-local ones. */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', 'fc00::/7', 'fe80::/10'];
const MADE = '# Made by "portico provision apply" from portico.yaml. Changes here are lost with the next stick.\n';
const FILES = {
  environment: '/etc/portico/box.env',
  settings: '/etc/portico/portico.yaml',
  roots: '/etc/portico/extra-roots.pem',
  network: '/etc/systemd/network/10-portico.network',
  hostName: '/etc/hostname',
  time: '/etc/systemd/timesyncd.conf.d/50-portico.conf',
  resolver: '/etc/systemd/resolved.conf.d/50-portico.conf',
  service: '/etc/systemd/system/portico.service.d/50-portico.conf',
  updates: '/etc/portico/updates.json',
  clientCertificate: '/etc/portico/export-client.crt',
} as const;
/** Where a secret lies for the service. Systemd opens `sealed` under this name and no other. */
export const secretFiles = (secret: SecretName) => {
  const name = CREDENTIALS[secret];
  return { name, sealed: `/etc/credstore.encrypted/portico-${name}`, clear: `/etc/credstore/portico-${name}` } as const;
};
const SECRET_FILES = SECRET_NAMES.map((secret) => ({ secret, ...secretFiles(secret) }));
const SECRET_PATHS = SECRET_FILES.flatMap(({ sealed, clear }) => [sealed, clear]);

/** The box itself. Type=notify: a restart ends when it says that it is ready. */
export const SERVICE = 'portico.service';

/**
 * What sticks rule over outside Portico's own folder, and what stands there on a box that belongs to no store. Null: nothing. The name says no store, and the
 * cable asks for an address: systemd-networkd stays switched on, and without a file the box would be on no network.
 */
export const OUTSIDE: ReadonlyMap<string, string | null> = new Map([...Object.values(FILES).filter((path) => !path.startsWith('/etc/portico/')), ...SECRET_PATHS]
  .map((path) => [path, path === FILES.hostName ? 'portico\n' : path === FILES.network ? networkFile() : null]));
export const HOST_NAME = FILES.hostName;

/** Every file that sticks rule over, in the order they are written. */
export function render(settings: Settings, around: Surroundings): Target[] {
  const { network } = settings;
  const text = (path: string, content: string | null, mode = 0o644): Target => ({ path, text: content, mode });
  const secret = (path: string, content: string | null): Target => ({ path, text: content, mode: 0o600, secret: true });
  return [
    ...SECRET_FILES.flatMap(({ secret: name, sealed, clear }) => {
      const given = around.secrets.get(name);
      return [secret(sealed, given?.sealed === true ? given.text : null), secret(clear, given?.sealed === false ? given.text : null)];
    }),
    text(FILES.clientCertificate, clientCertificateOf(settings, around)),
    text(FILES.roots, settings.roots === undefined ? null : settings.roots.map((pem) => `${pem.trim()}\n`).join('')),
    text(FILES.hostName, `${network.hostName}\n`),
    text(FILES.time, network.ntp === undefined ? null : `${MADE}[Time]\nNTP=${network.ntp.join(' ')}\n`),
    text(FILES.resolver, network.ethernet?.dns === undefined ? null : `${MADE}[Resolve]\nDNS=${network.ethernet.dns.join(' ')}\n`),
    text(FILES.network, networkFile(network.ethernet)),
    text(FILES.updates, `${JSON.stringify({ from: settings.updates?.from ?? 'stick', headOffice: settings.headOffice?.url ?? null })}\n`),
    text(FILES.environment, environmentFile(toEnvironment(settings, around.modelsDirectory ?? undefined))),
    text(FILES.service, dropIn(settings, around)),
    text(FILES.settings, around.signed),
  ];
}

/**
 * As systemd's EnvironmentFile takes it: double quotes, in which a backslash keeps \ " $ and ` as they are (systemd.exec(5)).
 * No value has more than one line: the settings' schema sees to that.
 */
export function environmentFile(variables: Record<string, string>): string {
  const quoted = (value: string) => `"${value.replace(/[\\"$`]/g, '\\$&')}"`;
  return MADE + Object.entries(variables).map(([name, value]) => `${name}=${quoted(value)}\n`).join('');
}

/** Nothing said is DHCP, and is written: with no file at all systemd-networkd would leave the cable alone, and a box that had a fixed address would have none. */
function networkFile({ address, gateway, dns }: NonNullable<Settings['network']['ethernet']> = {}): string {
  const lines = address === undefined
    ? ['DHCP=yes']
    : [`Address=${address}`, ...(gateway === undefined ? [] : [`Gateway=${gateway}`])];
  // Any cable: boxes differ in what their ports are called.
  return [MADE.trimEnd(), '[Match]', 'Type=ether', 'Kind=!*', '', '[Network]', ...lines, ...(dns ?? []).map((each) => `DNS=${each}`), 'LinkLocalAddressing=yes', ''].join('\n');
}

/** Null: none, or its key has not come yet; it stands in the settings first, and shows nothing alone. */
const clientCertificateOf = (settings: Settings, { secrets }: Surroundings): string | null =>
  (secrets.has('exportClientKey') && settings.export?.clientCertificate !== undefined ? `${settings.export.clientCertificate.trim()}\n` : null);

/** The hosts outside that the service has to reach: head office, the servers for backups and for releases; names or addresses. */
export function hostsOutside({ headOffice, backup, export: release }: Settings): string[] {
  const urls = [headOffice?.url, backup?.to, release?.to].filter((url) => url !== undefined && url.includes('://')) as string[];
  return [...new Set(urls.map((url) => new URL(url).hostname.replace(/^\[|\]$/g, '')))];
}

/** IPAddressAllow on top of the unit's own IPAddressDeny=any. Hosts that have a name are looked up while the box runs (addresses.ts). */
function dropIn(settings: Settings, around: Surroundings): string {
  const outside = hostsOutside(settings).filter((host) => isIP(host) !== 0);
  const allowed = [...new Set([...(settings.network.allowedLan ?? PRIVATE), ...(settings.network.ethernet?.dns ?? []), ...(settings.metrics?.allow ?? []), ...outside])];
  const lines = [
    `Environment=TZ=${settings.timeZone}`,
    ...(settings.roots === undefined ? [] : [`Environment=NODE_EXTRA_CA_CERTS=${FILES.roots}`]),
    // Multicast: the box tells the LAN its name (mDNS).
    'IPAddressAllow=localhost multicast',
    ...allowed.map((each) => `IPAddressAllow=${each}`),
    ...SECRET_FILES.flatMap(({ secret, name, sealed, clear }) => {
      const given = around.secrets.get(secret);
      return given === undefined ? [] : [given.sealed ? `LoadCredentialEncrypted=${name}:${sealed}` : `LoadCredential=${name}:${clear}`];
    }),
    ...(clientCertificateOf(settings, around) === null ? [] : [`LoadCredential=${CLIENT_CERTIFICATE}:${FILES.clientCertificate}`]),
  ];
  return `${MADE}[Service]\n${lines.join('\n')}\n`;
}

/** What has to be told that a file changed, in this order; the service itself last, and waited for: until then the one of before answers. */
export function commandsFor(changed: readonly string[]): string[][] {
  const any = (...paths: string[]) => paths.some((path) => changed.includes(path));
  const service = any(FILES.environment, FILES.service, FILES.roots, FILES.clientCertificate, ...SECRET_PATHS, FILES.hostName);
  return [
    ...(any(FILES.service) ? [['systemctl', 'daemon-reload']] : []),
    ...(any(FILES.hostName) ? [['hostname', '--file', FILES.hostName]] : []),
    // Debian leaves networkd off: without this the box would have no network after its next start.
    ...(any(FILES.network) ? [['systemctl', 'enable', 'systemd-networkd.service'], ['systemctl', 'restart', 'systemd-networkd.service']] : []),
    ...(any(FILES.resolver) ? [['systemctl', 'try-restart', 'systemd-resolved.service']] : []),
    ...(any(FILES.time) ? [['systemctl', 'try-restart', 'systemd-timesyncd.service']] : []),
    ...(service ? [['systemctl', 'restart', SERVICE]] : []),
  ];
}
