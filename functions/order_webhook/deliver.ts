import { setTimeout as sleep } from "node:timers/promises";
import { attempt } from "./attempt.js";
import { tryRepeatedly } from "./attempts.js";
import { RESERVE_MS } from "./deadline.js";
import type { Delivering, Delivery } from "./delivery.js";
import { namesOf } from "./delivery.js";
import { errorText } from "./error_text.js";
import { settle } from "./settle.js";

/**
 * Gives an event to a subscriber, unless it has had it.
 *
 * Resolves to whether nothing is left to do: it was delivered, now or before, or it went to the
 * dead letters. Never rejects.
 */
export async function deliver(delivery: Delivery, delivering: Delivering): Promise<boolean> {
  try {
    return await claimAndDeliver(delivery, delivering);
  } catch (error) {
    // The claim ends by itself, with this invocation.
    delivery.run.log.error("delivery_unsettled", {
      ...namesOf(delivery),
      problem: errorText(error),
    });
    return false;
  }
}

async function claimAndDeliver(delivery: Delivery, delivering: Delivering): Promise<boolean> {
  const { message, subscriber, run } = delivery;
  const { deliveries, options } = delivering;
  const key = { eventId: message.event.id, subscriberId: subscriber.id };
  const isTimeLeft = (): boolean => run.deadline.remainingMs() >= options.totalTimeoutMs;
  if (!isTimeLeft()) {
    return false;
  }
  const claim = await deliveries.claim(key, run.deadline.remainingMs() + RESERVE_MS);
  if (typeof claim === "string") {
    return claim === "settled";
  }
  if (!isTimeLeft()) {
    await deliveries.release(claim, 0, "no time", 0);
    return false;
  }
  const tried = await tryRepeatedly({
    send: (number) => attempt(delivery, claim.attempts + number, options),
    attempts: delivering.attempts,
    attemptMs: options.totalTimeoutMs,
    deadline: run.deadline,
    sleep,
    random: Math.random,
  });
  return await settle(delivery, claim, tried, delivering);
}
