import { randomUUID } from "node:crypto";
import type { AttributeValue, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  ConditionalCheckFailedException,
  paginateQuery,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";

/**
 * Where a delivery stands.
 *
 * SENDING: an invocation is at it, until `not_before`. WAITING: to be tried again, after
 * `not_before`. DELIVERED and DEAD are ends.
 */
export const STATES = {
  sending: "SENDING",
  waiting: "WAITING",
  delivered: "DELIVERED",
  dead: "DEAD",
} as const;

/** An event for a subscriber. */
export interface DeliveryKey {
  readonly eventId: string;
  readonly subscriberId: string;
}

/** Leave to make attempts, until it ends by the clock. */
export interface Claim extends DeliveryKey {
  readonly owner: string;
  /** Attempts that were made before. */
  readonly attempts: number;
}

/** What became of asking for a claim; "held" is by another invocation, or by Retry-After. */
export type Claimed = Claim | "settled" | "held";

/** The table of deliveries: one item for each event and subscriber. */
export class Deliveries {
  readonly #dynamo: DynamoDBClient;
  readonly #table: string;
  readonly #keptSeconds: number;

  constructor(dynamo: DynamoDBClient, table: string, keptSeconds: number) {
    this.#dynamo = dynamo;
    this.#table = table;
    this.#keptSeconds = keptSeconds;
  }

  /** Returns the subscribers for whom nothing is left to do with an event. */
  async settled(eventId: string): Promise<ReadonlySet<string>> {
    const pages = paginateQuery(
      { client: this.#dynamo },
      {
        TableName: this.#table,
        ConsistentRead: true,
        KeyConditionExpression: "event_id = :event",
        FilterExpression: "#state IN (:delivered, :dead)",
        ProjectionExpression: "subscriber_id",
        ExpressionAttributeNames: { "#state": "state" },
        ExpressionAttributeValues: {
          ":event": { S: eventId },
          ":delivered": { S: STATES.delivered },
          ":dead": { S: STATES.dead },
        },
      },
    );
    const found = new Set<string>();
    for await (const { Items: items = [] } of pages) {
      for (const item of items) {
        found.add(item["subscriber_id"]?.S ?? "");
      }
    }
    return found;
  }

  /** Takes a delivery for `leaseMs`, in one write that two invocations cannot both make. */
  async claim({ eventId, subscriberId }: DeliveryKey, leaseMs: number): Promise<Claimed> {
    const now = Date.now();
    const owner = randomUUID();
    try {
      const { Attributes: item } = await this.#update(
        { eventId, subscriberId },
        {
          UpdateExpression:
            "SET #state = :sending, #owner = :owner, not_before = :until, expires_at = :expires",
          ConditionExpression:
            "attribute_not_exists(event_id) OR (#state IN (:sending, :waiting) AND not_before <= :now)",
          ExpressionAttributeNames: { "#state": "state", "#owner": "owner" },
          ExpressionAttributeValues: {
            ":sending": { S: STATES.sending },
            ":waiting": { S: STATES.waiting },
            ":owner": { S: owner },
            ":now": { N: String(now) },
            ":until": { N: String(Math.ceil(now + leaseMs)) },
            ":expires": { N: String(Math.ceil(now / 1000) + this.#keptSeconds) },
          },
          ReturnValues: "ALL_NEW",
          ReturnValuesOnConditionCheckFailure: "ALL_OLD",
        },
      );
      return { eventId, subscriberId, owner, attempts: Number(item?.["attempts"]?.N ?? 0) };
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) {
        const state = error.Item?.["state"]?.S;
        return state === STATES.delivered || state === STATES.dead ? "settled" : "held";
      }
      throw error;
    }
  }

  /** Records a success, whoever has the claim by now: what was delivered was delivered. */
  async delivered(claim: Claim, attempts: number): Promise<void> {
    await this.#finish(claim, STATES.delivered, attempts, "delivered");
  }

  /** Records the end of a delivery that went to the dead letters. */
  async dead(claim: Claim, attempts: number, reason: string): Promise<void> {
    await this.#finish(claim, STATES.dead, attempts, reason, "#owner = :owner");
  }

  /** Gives a claim back, for attempts after `waitMs`. */
  async release(claim: Claim, attempts: number, reason: string, waitMs: number): Promise<void> {
    await this.#finish(claim, STATES.waiting, attempts, reason, "#owner = :owner", waitMs);
  }

  async #finish(
    claim: Claim,
    state: string,
    attempts: number,
    outcome: string,
    condition?: string,
    waitMs = 0,
  ): Promise<void> {
    const values: Record<string, AttributeValue> = {
      ":state": { S: state },
      ":outcome": { S: outcome },
      ":attempts": { N: String(attempts) },
      ":at": { S: new Date().toISOString() },
      ":not_before": { N: String(Math.ceil(Date.now() + waitMs)) },
    };
    await this.#update(claim, {
      UpdateExpression:
        "SET #state = :state, outcome = :outcome, updated_at = :at, not_before = :not_before" +
        " REMOVE #owner ADD attempts :attempts",
      ...(condition === undefined ? {} : { ConditionExpression: condition }),
      ExpressionAttributeNames: { "#state": "state", "#owner": "owner" },
      ExpressionAttributeValues:
        condition === undefined ? values : { ...values, ":owner": { S: claim.owner } },
    });
  }

  #update(key: DeliveryKey, update: Update) {
    return this.#dynamo.send(
      new UpdateItemCommand({
        TableName: this.#table,
        Key: { event_id: { S: key.eventId }, subscriber_id: { S: key.subscriberId } },
        ...update,
      }),
    );
  }
}

type Update = Omit<ConstructorParameters<typeof UpdateItemCommand>[0], "TableName" | "Key">;
