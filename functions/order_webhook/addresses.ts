import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** An address block: the base address and the bits that count. */
export type Network = readonly [address: Address, bits: number];

// What IANA has given out for the public Internet. Whatever is outside it and in no named range,
// such as the IPv4-compatible ::127.0.0.1, would otherwise count as an ordinary address.
const GLOBAL_UNICAST_IPV6 = ipaddr.IPv6.parseCIDR("2000::/3");

/** Reads a block in CIDR notation. */
export function parseNetwork(text: string): Network {
  if (!ipaddr.isValidCIDR(text)) {
    throw new TypeError(`${JSON.stringify(text)} is no network in CIDR notation, like 10.0.0.0/8`);
  }
  return ipaddr.parseCIDR(text);
}

/** Returns the host of a URL as a connection takes it: an IPv6 address without its brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, "$1");
}

/** Tells whether the text is an address, which a connection takes as it is, and not a name. */
export function isAddress(text: string): boolean {
  return isIP(text) !== 0;
}

/**
 * Tells whether requests may go to an address: one of the public Internet, or of an allowed block.
 *
 * Loopback, private, link-local (with the metadata services of clouds), carrier-grade NAT,
 * multicast, reserved and tunnelled addresses are none, and neither is what cannot be read.
 */
export function mayBeCalled(text: string, allowed: readonly Network[]): boolean {
  if (!isAddress(text)) {
    return false;
  }
  // An IPv4 address inside of an IPv6 one is what the system would connect to.
  const address = ipaddr.process(text);
  return isPublic(address) || allowed.some((network) => contains(network, address));
}

function isPublic(address: Address): boolean {
  return (
    address.range() === "unicast" &&
    (address instanceof ipaddr.IPv4 || address.match(GLOBAL_UNICAST_IPV6))
  );
}

function contains([base, bits]: Network, address: Address): boolean {
  return base.kind() === address.kind() && address.match(base, bits);
}
