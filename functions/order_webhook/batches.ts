import type { SQSBatchResponse } from "aws-lambda";
import { mapAtOnce } from "./concurrency.js";
import type { Message } from "./records.js";
import { readRecord } from "./records.js";

/** Deals with a message; resolves to whether the queue may forget it. Never rejects. */
export type DealWith = (message: Message, group: GroupState) => Promise<boolean>;

/** What earlier messages of a group left behind for later ones. */
export interface GroupState {
  /** Ids of subscribers that an earlier event could not be delivered to. */
  readonly waiting: Set<string>;
  /** Set when the rest of the group cannot be dealt with. */
  stopped: boolean;
}

/** The function was called with something that is no batch of a queue. */
export class NoBatchError extends Error {
  override readonly name = "NoBatchError";
}

/** A record failed that has no id to report it by, so that the whole batch has to come again. */
export class UnnamedRecordError extends Error {
  override readonly name = "UnnamedRecordError";
}

/**
 * Deals with a batch: groups at once, the messages of a group one after the other.
 *
 * From the first failure in a group on, all of its messages are reported as failed, so that the
 * queue hands them out again in their order.
 */
export async function dealWithBatch(
  event: unknown,
  groupsAtOnce: number,
  dealWith: DealWith,
): Promise<SQSBatchResponse> {
  const groups = grouped(recordsOf(event).map(readRecord));
  const failures = await mapAtOnce(groups, groupsAtOnce, (messages) =>
    dealWithGroup(messages, dealWith),
  );
  const failed = failures.flat();
  if (failed.includes("")) {
    throw new UnnamedRecordError(
      "a record without a messageId failed: the batch has to come again",
    );
  }
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}

/** Returns the ids of the messages that failed. */
async function dealWithGroup(messages: readonly Message[], dealWith: DealWith): Promise<string[]> {
  const state: GroupState = { waiting: new Set(), stopped: false };
  const failed: string[] = [];
  for (const message of messages) {
    const done = !state.stopped && (await dealWith(message, state));
    if (!done || failed.length > 0) {
      failed.push(message.messageId);
    }
  }
  return failed;
}

function grouped(messages: readonly Message[]): readonly Message[][] {
  const groups = new Map<string, Message[]>();
  for (const message of messages) {
    const group = groups.get(message.group);
    if (group === undefined) {
      groups.set(message.group, [message]);
    } else {
      group.push(message);
    }
  }
  return [...groups.values()];
}

function recordsOf(event: unknown): readonly unknown[] {
  if (typeof event === "object" && event !== null && "Records" in event) {
    const { Records: records } = event;
    if (Array.isArray(records)) {
      return records;
    }
  }
  throw new NoBatchError("the event has no list Records: the trigger is to be an SQS queue");
}
