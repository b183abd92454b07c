import type { Tried } from "./attempts.js";
import type { Claim } from "./deliveries.js";
import type { Delivering, Delivery } from "./delivery.js";
import { namesOf } from "./delivery.js";
import { errorText } from "./error_text.js";
import type { Failure } from "./failures.js";

// Longer wishes of a subscriber would use up the receives of the queue.
const LONGEST_REST_MS = 60_000;

/**
 * Writes down what came of the attempts, and resolves to whether nothing is left to do.
 *
 * A failure for good goes to the dead letters before it is recorded as such, so it is in neither
 * place only when this rejects, and then it is tried again.
 */
export async function settle(
  delivery: Delivery,
  claim: Claim,
  { outcome, attempts }: Tried,
  delivering: Delivering,
): Promise<boolean> {
  const { message, subscriber, run } = delivery;
  const { deliveries } = delivering;
  if (outcome.kind === "delivered") {
    run.metrics.add("Delivered");
    await unlessItFails(delivery, deliveries.delivered(claim, attempts));
    return true;
  }
  if (outcome.reason === "gone") {
    await delivering.subscribers.disable(subscriber, "410 Gone");
    run.metrics.add("SubscribersDisabled");
    run.log.error("subscriber_disabled", namesOf(delivery));
  }
  if (outcome.retry === "never" || message.receiveCount >= delivering.maxReceives) {
    await giveUp(delivery, claim, attempts, outcome, delivering);
    return true;
  }
  const rest = Math.min(outcome.retryAfterMs ?? 0, LONGEST_REST_MS);
  await deliveries.release(claim, attempts, outcome.reason, rest);
  run.metrics.add("LeftForLater");
  return false;
}

async function giveUp(
  delivery: Delivery,
  claim: Claim,
  attempts: number,
  failure: Failure,
  { deadLetters, deliveries }: Delivering,
): Promise<void> {
  const { message, subscriber, run } = delivery;
  const all = claim.attempts + attempts;
  await deadLetters.keepEvent(message, subscriber.id, failure, all);
  run.metrics.add("DeadLettered");
  run.log.error("dead_lettered", {
    ...namesOf(delivery),
    attempts: all,
    reason: failure.reason,
    detail: failure.detail,
  });
  await unlessItFails(delivery, deliveries.dead(claim, attempts, failure.reason));
}

/** Waits for a record of what is done anyway: failing it must not have it done again. */
async function unlessItFails(delivery: Delivery, recording: Promise<void>): Promise<void> {
  try {
    await recording;
  } catch (error) {
    delivery.run.log.error("outcome_not_recorded", {
      ...namesOf(delivery),
      problem: errorText(error),
    });
  }
}
