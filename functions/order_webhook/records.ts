import type { OrderEvent } from "../../libs/contracts/order_events.js";
import { parseOrderEvent } from "../../libs/contracts/order_events.js";

/** A record of the batch that tells of an event. */
export interface EventMessage extends Received {
  readonly kind: "event";
  readonly event: OrderEvent;
}

/** A record that nobody could deliver, however often it came. */
export interface MalformedMessage extends Received {
  readonly kind: "malformed";
  readonly problem: string;
}

interface Received {
  /** What a failure is reported by; "" when the record has none. */
  readonly messageId: string;
  /** Messages of a group are dealt with in their order. */
  readonly group: string;
  /** How often the queue has handed it out, from 1 on. */
  readonly receiveCount: number;
  /** The text as it was published. */
  readonly body: string;
}

export type Message = EventMessage | MalformedMessage;

/** Largest event, as libs/outbox publishes them. */
export const MOST_BODY_BYTES = 262_144;

/** Reads a record; whatever is wrong with it is in the message and never thrown. */
export function readRecord(record: unknown): Message {
  const fields = isObject(record) ? record : {};
  const attributes = isObject(fields["attributes"]) ? fields["attributes"] : {};
  const messageId = textOf(fields["messageId"]);
  const received: Received = {
    messageId,
    // Without groups, as from a standard queue, each message stands alone.
    group: textOf(attributes["MessageGroupId"]) || messageId,
    receiveCount: Math.max(1, Number(attributes["ApproximateReceiveCount"]) || 1),
    body: textOf(fields["body"]),
  };
  const event = readEvent(received.body);
  return typeof event === "string"
    ? { ...received, kind: "malformed", problem: event }
    : { ...received, kind: "event", event };
}

/** Returns the event, or what is wrong. */
function readEvent(body: string): OrderEvent | string {
  const bytes = Buffer.byteLength(body);
  if (bytes > MOST_BODY_BYTES) {
    return `the body has ${bytes} bytes, over the ${MOST_BODY_BYTES} of an event`;
  }
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return "the body is not JSON";
  }
  const parsed = parseOrderEvent(value);
  // The contract lets no id through that could not be the value of a header.
  return parsed.ok ? parsed.event : parsed.problem;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
