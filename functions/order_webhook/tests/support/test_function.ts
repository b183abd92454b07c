import { randomUUID } from "node:crypto";
import type { SQSRecord } from "aws-lambda";
import { nameServers } from "../../names.js";
import { readSettings } from "../../settings.js";
import type { Handle } from "../../webhook.js";
import { createWebhook } from "../../webhook.js";
import { Authority } from "./certificates.js";
import { orderEvent, recordOf } from "./events.js";
import type { SubscriberServer } from "./subscriber.js";
import { startSubscriber, status } from "./subscriber.js";
import type { World } from "./webhook_world.js";
import { newWorld } from "./webhook_world.js";

const AUTHORITY = new Authority();
const IDENTITY = AUTHORITY.issue({ hosts: ["127.0.0.1"] });

/** The function, and all that it works with. */
export interface TestFunction extends World {
  /** What it wrote. */
  readonly lines: Record<string, unknown>[];
  /** Invokes the function and returns the ids of the messages that failed. */
  invoke(records: readonly SQSRecord[], remainingMs?: number): Promise<string[]>;
}

/** Returns a function with tables and a queue of its own; one attempt an invocation, three receives. */
export async function newFunction(environment: Record<string, string> = {}): Promise<TestFunction> {
  const world = await newWorld();
  const settings = readSettings({
    SUBSCRIBERS_TABLE: world.subscribersTable,
    DELIVERIES_TABLE: world.deliveriesTable,
    DEAD_LETTERS_QUEUE_URL: world.deadLettersQueueUrl,
    ALLOWED_PORTS: "1024-65535",
    ALLOWED_PRIVATE_NETWORKS: "127.0.0.0/8",
    ATTEMPT_TIMEOUT_SECONDS: "1",
    CONNECT_TIMEOUT_SECONDS: "0.5",
    SUBSCRIBERS_CACHE_SECONDS: "0",
    ATTEMPTS: "1",
    MAX_RECEIVES: "3",
    ...environment,
  });
  const lines: Record<string, unknown>[] = [];
  const handle: Handle = createWebhook(settings, {
    dynamo: world.dynamo,
    sqs: world.sqs,
    resolve: nameServers(200),
    write: (line) => lines.push(JSON.parse(line)),
    ca: AUTHORITY.pem,
  });
  return {
    ...world,
    lines,
    invoke: async (records, remainingMs = 30_000) => {
      const end = Date.now() + remainingMs;
      const context = {
        awsRequestId: randomUUID(),
        getRemainingTimeInMillis: () => end - Date.now(),
      };
      const { batchItemFailures } = await handle({ Records: records }, context);
      return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
    },
  };
}

/** Starts a subscriber that the function trusts. */
export function startShop(answer = status(204)): Promise<SubscriberServer> {
  return startSubscriber(answer, IDENTITY);
}

/** Returns what a subscriber is subscribed with. */
export function urlOf(shop: SubscriberServer): string {
  return `https://127.0.0.1:${shop.port}/webhooks`;
}

/** Returns the ids of the events that came, in their order. */
export function ids(shop: SubscriberServer): unknown[] {
  return shop.requests.map(({ headers }) => headers["webhook-id"]);
}

/** Returns the record of a step of an order; its message is named like the event. */
export function record(orderId: string, step: number, receiveCount = 1): SQSRecord {
  const messageId = `${orderId}.${step}`;
  return recordOf(orderId, orderEvent(orderId, step), { messageId, receiveCount });
}
