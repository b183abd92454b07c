import assert from "node:assert/strict";
import { parseNetwork } from "../../addresses.js";
import type { Failure, Outcome } from "../../failures.js";
import { checkedLookup } from "../../names.js";
import { outcomeOfAnswer, outcomeOfError } from "../../outcomes.js";
import type { Post } from "../../post.js";
import { post } from "../../post.js";
import { Authority } from "./certificates.js";

/** What `send` trusts. */
export const AUTHORITY = new Authority();
/** What a subscriber on loopback shows. */
export const OWN = AUTHORITY.issue({ hosts: ["127.0.0.1", "shop.test"] });
export const LOOPBACK = [parseNetwork("127.0.0.0/8")];
// Addresses are connected to as they are.
const NO_NAMES = checkedLookup(() => assert.fail("a name was looked up"), LOOPBACK);

export interface Timed {
  readonly outcome: Outcome;
  readonly tookMs: number;
}

/** Posts once, with 0.3 s for the connection and 0.6 s in all. */
export async function send(url: string, more: Partial<Post> = {}): Promise<Timed> {
  const started = performance.now();
  const outcome = await post({
    url: new URL(url),
    headers: { "webhook-id": "o1.1" },
    body: Buffer.from('{"a":1}'),
    lookup: NO_NAMES,
    connectTimeoutMs: 300,
    totalTimeoutMs: 600,
    ca: AUTHORITY.pem,
    ...more,
  }).then((answer) => outcomeOfAnswer(answer, Date.now()), outcomeOfError);
  return { outcome, tookMs: performance.now() - started };
}

export function failureOf({ outcome }: Timed): Failure {
  return outcome.kind === "failed" ? outcome : assert.fail(`it was delivered: ${outcome.status}`);
}
