import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
export type Network = [Address, number];

/** Entries of X-Forwarded-For that are read, from the right: far more than there are proxies in a row. */
const FORWARDED_ENTRIES = 32;

/** @param text an address or a network in CIDR notation. @returns `undefined` for anything else */
export function parseNetwork(text: string): Network | undefined {
  try {
    if (text.includes('/')) {
      const [address, bits] = ipaddr.parseCIDR(text);
      return isMapped(address) ? [address.toIPv4Address(), Math.max(0, bits - 96)] : [address, bits];
    }
    const address = ipaddr.process(text);
    return [address, address.kind() === 'ipv4' ? 32 : 128];
  } catch {
    // ipaddr.js throws for anything that is not an address; the caller needs no reason.
    return undefined;
  }
}

interface HeaderLines {
  forEach(visit: (lowerCaseName: string, value: string) => void): void;
}

/**
 * All lines of X-Forwarded-For as one. Some proxies add a line of their own below the client's line, and `getHeader`
 * returns only the first, which the client controls.
 */
export function forwardedForOf(request: HeaderLines): string {
  const lines: string[] = [];
  request.forEach((name, value) => {
    if (name === 'x-forwarded-for') lines.push(value);
  });
  return lines.join(',');
}

/**
 * The address of the client that sent the request. It starts with the peer. While the address is a trusted
 * proxy, it is replaced by the next entry of X-Forwarded-For from the right. The entries to the left of the client's
 * address were written by the client and prove nothing.
 *
 * @param peer the bytes of the socket's address
 * @param proxied the bytes of the address in the PROXY protocol header; empty without one
 * @param forwardedFor all of X-Forwarded-For; empty without it
 * @returns IPv4 in dotted form, IPv6 as eight groups
 */
export function clientAddress(
  peer: ArrayBuffer,
  proxied: ArrayBuffer,
  forwardedFor: string,
  trustedProxies: readonly Network[],
): string {
  let client = addressOfBytes(peer);
  if (client === undefined) return 'unknown';
  if (proxied.byteLength > 0 && isTrusted(client, trustedProxies)) client = addressOfBytes(proxied) ?? client;
  if (trustedProxies.length > 0 && forwardedFor !== '') {
    const entries = forwardedFor.split(',').slice(-FORWARDED_ENTRIES).toReversed();
    for (const entry of entries) {
      if (!isTrusted(client, trustedProxies)) break;
      const address = parseForwarded(entry.trim());
      if (address === undefined) break;
      client = address;
    }
  }
  return client.toNormalizedString();
}

/** @param peer the bytes of the socket's address */
export function isTrustedPeer(peer: ArrayBuffer, trustedProxies: readonly Network[]): boolean {
  const address = addressOfBytes(peer);
  return address !== undefined && isTrusted(address, trustedProxies);
}

function isTrusted(address: Address, networks: readonly Network[]): boolean {
  return networks.some(
    ([network, bits]) => address.kind() === network.kind() && address.match(network, bits),
  );
}

/** Some proxies add the port: `192.0.2.1:1234`, `[2001:db8::1]:1234`. */
function parseForwarded(text: string): Address | undefined {
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  return ipaddr.isValid(bare) ? ipaddr.process(bare) : undefined;
}

/** @param bytes 4 or 16; none for a Unix domain socket */
function addressOfBytes(bytes: ArrayBuffer): Address | undefined {
  if (bytes.byteLength !== 4 && bytes.byteLength !== 16) return undefined;
  const address = ipaddr.fromByteArray([...new Uint8Array(bytes)]);
  return isMapped(address) ? address.toIPv4Address() : address;
}

function isMapped(address: Address): address is ipaddr.IPv6 {
  return address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress();
}
