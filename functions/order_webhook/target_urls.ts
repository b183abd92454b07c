import type { Network } from "./addresses.js";
import { hostOf, isAddress, mayBeCalled } from "./addresses.js";
import type { Ports } from "./ports.js";

/** Where requests may go. */
export interface TargetPolicy {
  /** Whether plain http is taken, for development. */
  readonly allowHttp: boolean;
  readonly allowedPorts: Ports;
  /** Blocks besides the public Internet. */
  readonly allowedPrivateNetworks: readonly Network[];
}

/** A URL that requests may not go to; the message says why, without the URL, which may hold keys. */
export class TargetUrlError extends Error {
  override readonly name = "TargetUrlError";
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };

/**
 * Reads a subscriber's URL.
 *
 * A name's addresses are checked when it is connected to. An address is checked here: the URL
 * standard has already turned 2130706433, 0x7f.1 and 0177.0.0.1 into 127.0.0.1.
 */
export function parseTargetUrl(text: string, policy: TargetPolicy): URL {
  const url = URL.parse(text);
  if (url === null) {
    throw new TargetUrlError("the URL cannot be read");
  }
  const defaultPort = DEFAULT_PORTS[url.protocol];
  if (defaultPort === undefined || (url.protocol === "http:" && !policy.allowHttp)) {
    throw new TargetUrlError(`the URL's scheme is https, not ${url.protocol.slice(0, -1)}`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new TargetUrlError("the URL holds credentials");
  }
  const port = Number(url.port) || defaultPort;
  if (!policy.allowedPorts.has(port)) {
    throw new TargetUrlError(`the URL's port ${port} is not allowed`);
  }
  const host = hostOf(url);
  if (isAddress(host) && !mayBeCalled(host, policy.allowedPrivateNetworks)) {
    throw new TargetUrlError(`the URL's address ${host} is not one of the public Internet`);
  }
  return url;
}
