/** Where hand-overs may go: pure. Asked when an address is saved, and again of every address that is connected to. */
import ipaddr from 'ipaddr.js';

/** Why an address is refused; `handover.address_<fault>` are the words. */
export type AddressFault =
  'malformed' | 'scheme' | 'credentials' | 'fragment' | 'hostname' | 'private' | 'unresolved' | 'length';

type Ip = ipaddr.IPv4 | ipaddr.IPv6;

/** Host names and networks of the operator's own, as the host's code lists them; never from a page. */
export interface Allowed {
  names: Set<string>;
  networks: [Ip, number][];
}

/** @returns null for an entry that is neither a host name, an address nor a network (CIDR) */
export function readAllowed(entries: readonly string[]): Allowed | null {
  const allowed: Allowed = { names: new Set(), networks: [] };
  for (const entry of entries) {
    if (typeof entry !== 'string') return null;
    const name = entry.trim().toLowerCase();
    if (ipaddr.isValidCIDR(name)) allowed.networks.push(ipaddr.parseCIDR(name));
    else if (isFullAddress(name)) {
      const ip = ipaddr.process(name);
      allowed.networks.push([ip, ip.kind() === 'ipv4' ? 32 : 128]);
    } else if (/^(?=.{1,253}$)[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(name)) allowed.names.add(name);
    else return null;
  }
  return allowed;
}

/** Not `127.1`: a short form in the options is more likely a slip. */
const isFullAddress = (name: string): boolean => ipaddr.IPv6.isValid(name) || ipaddr.IPv4.isValidFourPartDecimal(name);

/** All IPv6 addresses that are given out to anybody. */
const GLOBAL_UNICAST = ipaddr.parse('2000::');

const inNetworks = (ip: Ip, { networks }: Allowed): boolean =>
  networks.some(([network, bits]) => network.kind() === ip.kind() && ip.match(network, bits));

/** The address that a URL names without asking anybody; null for a name. WHATWG URLs have made `127.1` and `0x7f000001` whole already. */
export function literalOf(hostname: string): string | null {
  const bare = hostname.replace(/^\[|\]$/g, '');
  return ipaddr.isValid(bare) ? bare : null;
}

/**
 * Whether this one address may be connected to. Only global unicast: that leaves out private, loopback, link-local (with
 * the cloud's metadata), CGNAT, NAT64, 6to4, Teredo and reserved ones, also as IPv4 inside IPv6.
 */
export function mayConnect(address: string, allowed: Allowed): boolean {
  if (!ipaddr.isValid(address)) return false;
  const ip = ipaddr.process(address);
  if (inNetworks(ip, allowed)) return true;
  // `::7f00:1` is no range of its own, and still reaches 127.0.0.1 on some systems.
  return ip.range() === 'unicast' && (ip.kind() === 'ipv4' || ip.match(GLOBAL_UNICAST, 3));
}

/** Own-network addresses, by name or network: there http is let through too, since no certificate exists for them. */
export function isAllowed(hostname: string, addresses: readonly string[], allowed: Allowed): boolean {
  if (allowed.names.has(hostname)) return true;
  return (
    addresses.length > 0 && addresses.every((one) => ipaddr.isValid(one) && inNetworks(ipaddr.process(one), allowed))
  );
}

/** What can be said of an address before it is resolved. */
export function readUrl(text: string): { url: URL } | { fault: AddressFault } {
  if (text.length > 2000) return { fault: 'length' };
  // Control characters and blanks are what WHATWG silently takes out.
  if (/[\s\p{C}]/u.test(text) || !URL.canParse(text)) return { fault: 'malformed' };
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return { fault: 'scheme' };
  if (url.username !== '' || url.password !== '') return { fault: 'credentials' };
  if (text.includes('#')) return { fault: 'fragment' };
  if (url.hostname === '' || url.hostname.endsWith('.')) return { fault: 'hostname' };
  return { url };
}

/** @param addresses all that the name resolves to, or the literal alone */
export function faultOf(url: URL, addresses: readonly string[], allowed: Allowed): AddressFault | null {
  const own = isAllowed(url.hostname, addresses, allowed);
  // Own names first: `localhost` may be listed, and then http will do.
  if (url.protocol !== 'https:' && !own) return 'scheme';
  if (own) return null;
  if (url.hostname === 'localhost' || url.hostname.endsWith('.localhost')) return 'private';
  if (addresses.length === 0) return 'unresolved';
  // One private address among public ones is enough: which of them is connected to is not ours to choose.
  return addresses.every((one) => mayConnect(one, allowed)) ? null : 'private';
}
