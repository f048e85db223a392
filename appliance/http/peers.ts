import { BlockList, isIP } from 'node:net';

/** Whether a peer is among these networks; loopback always is. By the connection's own address: headers say what anybody likes. */
export type MayReach = (address: string | undefined) => boolean;

/** @param networks addresses and networks in CIDR form @param whenEmpty what an empty list means for everybody but loopback */
export function peersIn(networks: readonly string[], whenEmpty: boolean): MayReach {
  const list = new BlockList();
  list.addSubnet('127.0.0.0', 8, 'ipv4');
  list.addAddress('::1', 'ipv6');
  for (const each of networks) {
    const [address, bits] = each.split('/') as [string, string | undefined];
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return (address) => {
    if (address === undefined) return false; // gone already
    // A server on :: sees IPv4 peers as ::ffff:192.168.1.20 (RFC 4291 2.5.5.2).
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
    const family = isIP(plain);
    return family !== 0 && (list.check(plain, family === 4 ? 'ipv4' : 'ipv6') || (whenEmpty && networks.length === 0));
  };
}
