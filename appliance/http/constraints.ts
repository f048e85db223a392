import { isIP, isIPv4 } from 'node:net';

/**
 * What a root may sign: names (with all below them) and networks, as the extension NameConstraints (RFC 5280 4.2.1.10). Written
 * and read here by hand: it is some bytes of DER, and the library for certificates does not know it.
 */
export interface Permitted {
  dns: readonly string[];
  /** Networks: address and mask, 4 or 16 bytes each. */
  networks: readonly { address: Buffer; mask: Buffer }[];
}

/** Names that no authority gives to anybody, and addresses that no router of the internet leads to (RFC 6762, 6761, 1918, 3927, 4291, 4193). */
const LOCAL_NAMES = ['local', 'localhost'];
const LOCAL_NETWORKS = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', '127.0.0.0/8', '::1/128', 'fe80::/10', 'fc00::/7'].map(network);

const OBJECT_ID = Buffer.from([0x55, 0x1d, 0x1e]);
export const NAME_CONSTRAINTS = '2.5.29.30';

/**
 * What a new root shall be able to sign: all that is local, and beyond that the box's own names and addresses, each by itself.
 * @param names DNS names and IP addresses of the box
 */
export function permittedFor(names: readonly string[]): Permitted & { /** Addresses that are not local. */ publicAddresses: string[] } {
  const addresses = names.filter((name) => isIP(name) !== 0);
  const publicAddresses = addresses.filter((address) => !permits({ dns: [], networks: LOCAL_NETWORKS }, address));
  const own = names.filter((name) => isIP(name) === 0 && !permits({ dns: LOCAL_NAMES, networks: [] }, name)).map((name) => name.toLowerCase());
  return {
    dns: [...LOCAL_NAMES, ...new Set(own)], networks: [...LOCAL_NETWORKS, ...publicAddresses.map((address) => network(`${address}/${isIPv4(address) ? 32 : 128}`))],
    publicAddresses,
  };
}

/** Whether a certificate for this name or address would be taken from such a root. Null: a root without limits. */
export function permits(permitted: Permitted | null, name: string): boolean {
  if (permitted === null) return true;
  if (isIP(name) === 0) return permitted.dns.some((base) => name.toLowerCase() === base || name.toLowerCase().endsWith(`.${base}`));
  const bytes = bytesOf(name);
  return permitted.networks.some(({ address, mask }) => address.length === bytes.length && bytes.every((byte, i) => (byte & mask[i]!) === (address[i]! & mask[i]!)));
}

/** The value of the extension. */
export function encodeConstraints({ dns, networks }: Permitted): Buffer {
  const subtrees = [...dns.map((name) => tlv(0x82, Buffer.from(name, 'latin1'))), ...networks.map(({ address, mask }) => tlv(0x87, Buffer.concat([address, mask])))];
  return tlv(0x30, tlv(0xa0, Buffer.concat(subtrees.map((base) => tlv(0x30, base)))));
}

/** What the certificate says it may sign; null: it has no such extension. @param der a well-formed certificate */
export function readConstraints(der: Buffer): Permitted | null {
  const [certificate] = parts(der);
  const [signed] = parts(certificate!.content);
  const extensions = parts(signed!.content).find(({ tag }) => tag === 0xa3);
  const found = extensions === undefined ? undefined : parts(parts(extensions.content)[0]!.content)
    .map(({ content }) => parts(content)).find(([id]) => id!.content.equals(OBJECT_ID));
  if (found === undefined) return null;
  const permitted = parts(parts(found.at(-1)!.content)[0]!.content).find(({ tag }) => tag === 0xa0);
  const bases = permitted === undefined ? [] : parts(permitted.content).map(({ content }) => parts(content)[0]!);
  return {
    dns: bases.filter(({ tag }) => tag === 0x82).map(({ content }) => content.toString('latin1').toLowerCase()),
    networks: bases.filter(({ tag }) => tag === 0x87).map(({ content }) => ({ address: content.subarray(0, content.length / 2), mask: content.subarray(content.length / 2) })),
  };
}

/** @param cidr such as 10.0.0.0/8 */
function network(cidr: string): { address: Buffer; mask: Buffer } {
  const [text, bits] = cidr.split('/') as [string, string];
  const address = bytesOf(text);
  return { address, mask: Buffer.from(address.map((_byte, i) => 0xff & ~(0xff >> Math.max(0, Math.min(8, Number(bits) - 8 * i))))) };
}

/** 4 or 16 bytes of a valid address. */
function bytesOf(ip: string): Buffer {
  if (isIPv4(ip)) return Buffer.from(ip.split('.').map(Number));
  // A URL writes every IPv6 address one way, in groups of hexadecimal digits.
  const groups = new URL(`http://[${ip.replace(/%.*$/, '')}]/`).hostname.slice(1, -1).split('::').map((half) => (half === '' ? [] : half.split(':')));
  const [head, tail = []] = groups as [string[], string[]?];
  const all = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

/** One DER value (X.690 8.1). */
function tlv(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

/** The values that follow one another in `der`. */
function parts(der: Buffer): { tag: number; content: Buffer }[] {
  const found: { tag: number; content: Buffer }[] = [];
  for (let at = 0; at < der.length;) {
    const first = der[at + 1]!;
    const sizeBytes = first < 0x80 ? 0 : first & 0x7f;
    const length = sizeBytes === 0 ? first : der.readUIntBE(at + 2, sizeBytes);
    const begin = at + 2 + sizeBytes;
    found.push({ tag: der[at]!, content: der.subarray(begin, begin + length) });
    at = begin + length;
  }
  return found;
}
