import type { LookupFunction } from "node:net";
import type { Delivery } from "./delivery.js";
import { namesOf } from "./delivery.js";
import type { Outcome } from "./failures.js";
import { outcomeOfAnswer, outcomeOfError } from "./outcomes.js";
import { payloadOf } from "./payload.js";
import { post } from "./post.js";
import { signatureHeaders } from "./signature.js";

/** How requests are made. */
export interface AttemptOptions {
  readonly lookup: LookupFunction;
  readonly connectTimeoutMs: number;
  readonly totalTimeoutMs: number;
  /** Certificates to trust in place of the public authorities. */
  readonly ca?: string;
}

/**
 * Posts an event to a subscriber once, signed for this moment. Never rejects.
 *
 * @param number - of this attempt among all for this delivery, for the log
 */
export async function attempt(
  delivery: Delivery,
  number: number,
  options: AttemptOptions,
): Promise<Outcome> {
  const { log, metrics } = delivery.run;
  const started = performance.now();
  const outcome = await send(delivery, options);
  const duration = Math.round(performance.now() - started);
  metrics.attemptTook(duration);
  const fields = {
    ...namesOf(delivery),
    attempt: number,
    status: outcome.status,
    duration_ms: duration,
  };
  if (outcome.kind === "delivered") {
    log.info("attempt_delivered", fields);
  } else {
    metrics.add("AttemptsFailed");
    log.warning("attempt_failed", { ...fields, reason: outcome.reason, detail: outcome.detail });
  }
  return outcome;
}

async function send({ message, subscriber }: Delivery, options: AttemptOptions): Promise<Outcome> {
  const body = Buffer.from(payloadOf(message.event));
  const timestamp = Math.floor(Date.now() / 1000);
  const headers = {
    "content-type": "application/cloudevents+json",
    "user-agent": "granary-order-webhook",
    ...signatureHeaders({ id: message.event.id, timestamp, body }, subscriber.secrets),
  };
  try {
    const answer = await post({ ...options, url: subscriber.url, headers, body });
    return outcomeOfAnswer(answer, Date.now());
  } catch (error) {
    return outcomeOfError(error);
  }
}
