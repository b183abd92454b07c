import type { GroupState } from "./batches.js";
import { mapAtOnce } from "./concurrency.js";
import { deliver } from "./deliver.js";
import type { Delivering } from "./delivery.js";
import { errorText } from "./error_text.js";
import type { EventMessage, MalformedMessage, Message } from "./records.js";
import type { Run } from "./run.js";
import { wants } from "./subscriber_rows.js";

/**
 * Deals with a message; resolves to whether the queue may forget it. Never rejects.
 *
 * A malformed one goes to the dead letters at once: no repetition makes it better, and behind it
 * the events of its group would wait.
 */
export async function dealWithMessage(
  message: Message,
  group: GroupState,
  delivering: Delivering,
  run: Run,
): Promise<boolean> {
  // Not even a look at the tables: of ten thousand messages, that alone would take minutes.
  if (run.deadline.remainingMs() < delivering.options.totalTimeoutMs) {
    run.log.warning("out_of_time", { message_id: message.messageId });
    group.stopped = true;
    return false;
  }
  try {
    return message.kind === "malformed"
      ? await keepMalformed(message, delivering, run)
      : await fanOut(message, group, delivering, run);
  } catch (error) {
    run.log.error("message_failed", {
      message_id: message.messageId,
      problem: errorText(error),
    });
    group.stopped = true;
    return false;
  }
}

async function keepMalformed(
  message: MalformedMessage,
  { deadLetters }: Delivering,
  { log, metrics }: Run,
): Promise<true> {
  await deadLetters.keepMalformed(message);
  metrics.add("MalformedRecords");
  log.error("malformed_record", { message_id: message.messageId, problem: message.problem });
  return true;
}

/**
 * Gives an event to all who want it.
 *
 * Who could not be given an earlier event of the group gets none out of order; others do not wait
 * for that.
 */
async function fanOut(
  message: EventMessage,
  { waiting }: GroupState,
  delivering: Delivering,
  run: Run,
): Promise<boolean> {
  const { event } = message;
  const all = await delivering.subscribers.all(run);
  const settled =
    message.receiveCount > 1 ? await delivering.deliveries.settled(event.id) : new Set<string>();
  const left = all.filter(
    (subscriber) => wants(subscriber, event.type) && !settled.has(subscriber.id),
  );
  const done = await mapAtOnce(left, delivering.subscribersAtOnce, async (subscriber) => {
    if (waiting.has(subscriber.id)) {
      return false;
    }
    const isDone = await deliver({ message, subscriber, run }, delivering);
    if (!isDone) {
      waiting.add(subscriber.id);
    }
    return isDone;
  });
  return done.every(Boolean);
}
