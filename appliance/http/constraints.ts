import { AsnConvert } from '@peculiar/asn1-schema';
import { Certificate, GeneralName, GeneralSubtree, GeneralSubtrees, id_ce_nameConstraints, NameConstraints } from '@peculiar/asn1-x509';
import { BlockList, isIP } from 'node:net';

export const NAME_CONSTRAINTS = id_ce_nameConstraints;

/** What a root may sign: names, with all below them, and networks such as 10.0.0.0/8 (RFC 5280 4.2.1.10). */
export interface Permitted { dns: readonly string[]; networks: readonly string[] }

/** Names that no authority gives to anybody, and addresses that no router of the internet leads to (RFC 6762, 6761, 1918, 3927, 4291, 4193). */
const LOCAL: Permitted = {
  dns: ['local', 'localhost'],
  networks: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', '127.0.0.0/8', '::1/128', 'fe80::/10', 'fc00::/7'],
};

/**
 * What a new root shall be able to sign: all that is local, and beyond that the box's own names and addresses, each by itself.
 * @param names DNS names and IP addresses of the box
 */
export function permittedFor(names: readonly string[]): Permitted & { /** Addresses that are not local. */ publicAddresses: string[] } {
  const own = [...new Set(names.filter((name) => !permits(LOCAL, name)).map((name) => name.toLowerCase()))];
  const publicAddresses = own.filter((name) => isIP(name) !== 0);
  return {
    dns: [...LOCAL.dns, ...own.filter((name) => isIP(name) === 0)],
    networks: [...LOCAL.networks, ...publicAddresses.map((address) => `${address}/${isIP(address) === 4 ? 32 : 128}`)],
    publicAddresses,
  };
}

/** Whether a certificate for this name or address would be taken from such a root. Null: a root without limits. */
export function permits(permitted: Permitted | null, name: string): boolean {
  if (permitted === null) return true;
  const family = isIP(name);
  if (family === 0) return permitted.dns.some((base) => name.toLowerCase() === base || name.toLowerCase().endsWith(`.${base}`));
  const networks = new BlockList();
  for (const cidr of permitted.networks) {
    const [address, bits] = cidr.split('/') as [string, string];
    networks.addSubnet(address, Number(bits), isIP(address) === 4 ? 'ipv4' : 'ipv6');
  }
  return networks.check(name.replace(/%.*$/, ''), family === 4 ? 'ipv4' : 'ipv6');
}

/** The value of the extension. */
export function encodeConstraints({ dns, networks }: Permitted): ArrayBuffer {
  const bases = [...dns.map((dNSName) => new GeneralName({ dNSName })), ...networks.map((iPAddress) => new GeneralName({ iPAddress }))];
  return AsnConvert.serialize(new NameConstraints({ permittedSubtrees: new GeneralSubtrees(bases.map((base) => new GeneralSubtree({ base }))) }));
}

/** What the certificate says it may sign; null: it has no such extension. @param der a well-formed certificate */
export function readConstraints(der: Buffer): Permitted | null {
  const extension = AsnConvert.parse(der, Certificate).tbsCertificate.extensions?.find(({ extnID }) => extnID === NAME_CONSTRAINTS);
  if (extension === undefined) return null;
  const bases = [...AsnConvert.parse(extension.extnValue, NameConstraints).permittedSubtrees ?? []].map(({ base }) => base);
  return { dns: bases.flatMap(({ dNSName }) => dNSName?.toLowerCase() ?? []), networks: bases.flatMap(({ iPAddress }) => iPAddress ?? []) };
}
