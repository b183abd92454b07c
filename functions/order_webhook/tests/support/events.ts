import type { SQSRecord } from "aws-lambda";

/** Returns an order's event as order_api publishes it. */
export function orderEvent(orderId: string, step = 1, more: object = {}): object {
  const kind = step === 1 ? "placed" : step === 2 ? "confirmed" : "shipped";
  const time = "2026-01-02T03:04:05.678+00:00";
  return {
    specversion: "1.0",
    id: `${orderId}.${step}`,
    source: "/granary/order_api",
    type: `granary.order.${kind}.v1`,
    subject: orderId,
    time,
    datacontenttype: "application/json",
    partitionkey: orderId,
    sequence: String(step).padStart(20, "0"),
    data: {
      order_id: orderId,
      customer_id: "ann",
      status: step === 1 ? "PENDING" : step === 2 ? "CONFIRMED" : "SHIPPED",
      lines: [{ sku: "kettle", quantity: 2 }],
      created_at: time,
      updated_at: time,
    },
    ...more,
  };
}

export interface RecordOptions {
  readonly messageId?: string;
  readonly receiveCount?: number;
}

/** Returns a record of a batch with a body of a group. */
export function recordOf(
  group: string,
  body: object | string,
  { messageId = crypto.randomUUID(), receiveCount = 1 }: RecordOptions = {},
): SQSRecord {
  return {
    messageId,
    receiptHandle: "handle",
    body: typeof body === "string" ? body : JSON.stringify(body),
    attributes: {
      ApproximateReceiveCount: String(receiveCount),
      SentTimestamp: "1",
      SenderId: "local",
      ApproximateFirstReceiveTimestamp: "1",
      MessageGroupId: group,
    },
    messageAttributes: {},
    md5OfBody: "",
    eventSource: "aws:sqs",
    eventSourceARN: "arn:aws:sqs:eu-west-1:000000000000:order-events.fifo",
    awsRegion: "eu-west-1",
  };
}
