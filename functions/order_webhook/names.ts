import type { LookupAddress } from "node:dns";
import { Resolver } from "node:dns/promises";
import type { LookupFunction } from "node:net";
import type { Network } from "./addresses.js";
import { mayBeCalled } from "./addresses.js";

/** Finds the addresses of a name; rejects when it has none. */
export type Resolve = (name: string) => Promise<LookupAddress[]>;

/** A name with an address that requests may not go to. */
export class ForbiddenAddressError extends Error {
  override readonly name = "ForbiddenAddressError";

  constructor(host: string, address: string) {
    super(`${host} has the address ${address}, which is not one of the public Internet`);
  }
}

/**
 * Returns a resolver that asks name servers itself.
 *
 * The system's own call blocks one of the four threads that Node.js has for all of them, AWS's
 * names included: four subscribers whose name servers do not answer would stop everything.
 *
 * @param timeoutMs - longest wait for a first answer
 * @param servers - address:port of name servers; those of the system by default
 */
export function nameServers(timeoutMs: number, servers?: readonly string[]): Resolve {
  const resolver = new Resolver({ timeout: timeoutMs, tries: 2 });
  if (servers !== undefined) {
    resolver.setServers(servers);
  }
  return async (name) => {
    const [ipv4, ipv6] = await Promise.allSettled([
      resolver.resolve4(name),
      resolver.resolve6(name),
    ]);
    const found = [...addresses(ipv4, 4), ...addresses(ipv6, 6)];
    if (found.length === 0) {
      throw ipv4.status === "rejected" ? ipv4.reason : new Error(`${name} has no address`);
    }
    return found;
  };
}

function addresses(answer: PromiseSettledResult<string[]>, family: 4 | 6): LookupAddress[] {
  return answer.status === "fulfilled" ? answer.value.map((address) => ({ address, family })) : [];
}

/**
 * Returns what a connection asks for addresses, so that those it gets are those that were checked.
 *
 * One forbidden address among several refuses the name: which one is connected to is the
 * system's choice.
 */
export function checkedLookup(resolve: Resolve, allowed: readonly Network[]): LookupFunction {
  return (host, options, callback) => {
    resolve(host).then(
      (found) => {
        const forbidden = found.find(({ address }) => !mayBeCalled(address, allowed));
        const [first] = found;
        if (forbidden !== undefined) {
          callback(new ForbiddenAddressError(host, forbidden.address), "");
        } else if (options.all) {
          callback(null, found);
        } else {
          callback(null, first?.address ?? "", first?.family);
        }
      },
      (error: NodeJS.ErrnoException) => callback(error, ""),
    );
  };
}
