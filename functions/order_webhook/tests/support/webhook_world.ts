import { randomUUID } from "node:crypto";
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import {
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { startLocal } from "./local_servers.js";

export const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const LOCAL = {
  region: "eu-west-1",
  credentials: { accessKeyId: "local", secretAccessKey: "local" },
};

/** DynamoDB and SQS as the function meets them, with tables and a queue of a test's own. */
export interface World {
  readonly dynamo: DynamoDBClient;
  readonly sqs: SQSClient;
  readonly subscribersTable: string;
  readonly deliveriesTable: string;
  readonly deadLettersQueueUrl: string;
  addSubscriber(
    id: string,
    url: string,
    more?: Readonly<Record<string, AttributeValue>>,
  ): Promise<void>;
  subscriber(id: string): Promise<Record<string, AttributeValue> | undefined>;
  delivery(eventId: string, id: string): Promise<Record<string, AttributeValue> | undefined>;
  /** Takes all dead letters. */
  deadLetters(): Promise<Record<string, unknown>[]>;
}

let servers: Promise<[dynamodb: string, sqs: string]> | undefined;

/** Returns a world on servers that all tests of the process share. */
export async function newWorld(): Promise<World> {
  servers ??= Promise.all([startLocal("dynamodb"), startLocal("sqs")]);
  const [dynamodb, sqs] = await servers;
  return await createWorld(
    new DynamoDBClient({ ...LOCAL, endpoint: dynamodb }),
    new SQSClient({ ...LOCAL, endpoint: sqs }),
  );
}

async function createWorld(dynamo: DynamoDBClient, sqs: SQSClient): Promise<World> {
  const suffix = randomUUID();
  const subscribersTable = `webhook_subscribers-${suffix}`;
  const deliveriesTable = `webhook_deliveries-${suffix}`;
  const attributes = { FifoQueue: "true" };
  const [queue] = await Promise.all([
    sqs.send(new CreateQueueCommand({ QueueName: `${suffix}.fifo`, Attributes: attributes })),
    createTable(dynamo, subscribersTable, "subscriber_id"),
    createTable(dynamo, deliveriesTable, "event_id", "subscriber_id"),
  ]);
  const deadLettersQueueUrl = queue.QueueUrl ?? "";
  const get = async (TableName: string, Key: Record<string, AttributeValue>) =>
    (await dynamo.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }))).Item;
  return {
    dynamo,
    sqs,
    subscribersTable,
    deliveriesTable,
    deadLettersQueueUrl,
    addSubscriber: async (id, url, more = {}) => {
      const Item = {
        subscriber_id: { S: id },
        url: { S: url },
        secrets: { L: [{ S: SECRET }] },
        event_types: { SS: ["*"] },
        enabled: { BOOL: true },
        ...more,
      };
      await dynamo.send(new PutItemCommand({ TableName: subscribersTable, Item }));
    },
    subscriber: (id) => get(subscribersTable, { subscriber_id: { S: id } }),
    delivery: (eventId, id) =>
      get(deliveriesTable, { event_id: { S: eventId }, subscriber_id: { S: id } }),
    deadLetters: () => receiveAll(sqs, deadLettersQueueUrl),
  };
}

async function createTable(dynamo: DynamoDBClient, name: string, ...keys: string[]) {
  await dynamo.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: keys.map((key) => ({ AttributeName: key, AttributeType: "S" })),
      KeySchema: keys.map((key, index) => ({
        AttributeName: key,
        KeyType: index === 0 ? "HASH" : "RANGE",
      })),
    }),
  );
}

async function receiveAll(sqs: SQSClient, QueueUrl: string): Promise<Record<string, unknown>[]> {
  const bodies: Record<string, unknown>[] = [];
  for (;;) {
    const { Messages: messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
    );
    if (messages.length === 0) {
      return bodies;
    }
    for (const { Body = "", ReceiptHandle } of messages) {
      bodies.push(JSON.parse(Body));
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
  }
}
