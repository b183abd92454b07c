import { errorText } from "./error_text.js";
import type { Failure, Outcome } from "./failures.js";
import { ForbiddenAddressError } from "./names.js";
import type { Answer } from "./post.js";
import { AttemptTimeoutError, ConnectionError } from "./post.js";
import { parseRetryAfter } from "./retry_after.js";

const REQUEST_TIMEOUT = 408;
const GONE = 410;
const TOO_MANY_REQUESTS = 429;

/** Returns what an answer means, as the Standard Webhooks specification reads it. */
export function outcomeOfAnswer({ status, retryAfter }: Answer, now: number): Outcome {
  if (status >= 200 && status < 300) {
    return { kind: "delivered", status };
  }
  const failure = { kind: "failed", status, detail: `the answer was ${status}` } as const;
  if (status === GONE) {
    return { ...failure, reason: "gone", retry: "never" };
  }
  if (status === REQUEST_TIMEOUT || status === TOO_MANY_REQUESTS || status >= 500) {
    const retryAfterMs = parseRetryAfter(retryAfter, now);
    const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
    return { ...failure, reason: "status", retry: "soon", ...wait };
  }
  if (status >= 400) {
    return { ...failure, reason: "status", retry: "never" };
  }
  // A redirect is never followed: its target was checked by nobody. It may be a passing one, to a
  // page that tells of maintenance.
  return { ...failure, reason: "status", retry: "later" };
}

// A broken connection during the handshake is the network's; all else there is the certificate's.
const NETWORK_CODES: ReadonlySet<unknown> = new Set(["ECONNRESET", "EPIPE", "ETIMEDOUT"]);

/** Returns what an attempt without an answer means. */
export function outcomeOfError(error: unknown): Failure {
  const failure = { kind: "failed", detail: errorText(causeOf(error)) } as const;
  if (error instanceof AttemptTimeoutError) {
    return { ...failure, detail: error.message, reason: "timeout", retry: "soon" };
  }
  const cause = causeOf(error);
  if (cause instanceof ForbiddenAddressError) {
    return { ...failure, detail: cause.message, reason: "forbidden-address", retry: "never" };
  }
  if (error instanceof ConnectionError && error.phase === "tls" && !isOfNetwork(cause)) {
    // Nobody renews a certificate within seconds.
    return { ...failure, reason: "tls", retry: "later" };
  }
  return { ...failure, reason: "network", retry: "soon" };
}

function causeOf(error: unknown): unknown {
  return error instanceof ConnectionError ? error.cause : error;
}

function isOfNetwork(error: unknown): boolean {
  return !(error instanceof Error) || ("code" in error && NETWORK_CODES.has(error.code));
}
