import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  ConditionalCheckFailedException,
  paginateScan,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { errorText } from "./error_text.js";
import type { Run } from "./run.js";
import type { Row, Subscriber } from "./subscriber_rows.js";
import { isEnabled, readSubscriber } from "./subscriber_rows.js";
import type { TargetPolicy } from "./target_urls.js";

/** The table of subscribers, remembered for some seconds. */
export class Subscribers {
  readonly #dynamo: DynamoDBClient;
  readonly #table: string;
  readonly #cacheMs: number;
  readonly #policy: TargetPolicy;
  #kept: { readonly until: number; readonly all: Promise<readonly Subscriber[]> } | undefined;

  constructor(dynamo: DynamoDBClient, table: string, cacheMs: number, policy: TargetPolicy) {
    this.#dynamo = dynamo;
    this.#table = table;
    this.#cacheMs = cacheMs;
    this.#policy = policy;
  }

  /** Returns all that are enabled. Rows that cannot be read are logged, counted and left out. */
  all(run: Run): Promise<readonly Subscriber[]> {
    if (this.#kept === undefined || this.#kept.until <= Date.now()) {
      const all = this.#load(run);
      const kept = { until: Date.now() + this.#cacheMs, all };
      this.#kept = kept;
      // What failed is not remembered.
      all.catch(() => {
        this.#kept = this.#kept === kept ? undefined : this.#kept;
      });
    }
    return this.#kept.all;
  }

  /** Stops events to a subscriber, unless its URL has been changed since it was read. */
  async disable({ id, urlText }: Subscriber, reason: string): Promise<void> {
    this.#kept = undefined;
    try {
      await this.#dynamo.send(
        new UpdateItemCommand({
          TableName: this.#table,
          Key: { subscriber_id: { S: id } },
          UpdateExpression: "SET enabled = :no, disabled_at = :now, disabled_reason = :reason",
          ConditionExpression: "#url = :url",
          ExpressionAttributeNames: { "#url": "url" },
          ExpressionAttributeValues: {
            ":no": { BOOL: false },
            ":now": { S: new Date().toISOString() },
            ":reason": { S: reason },
            ":url": { S: urlText },
          },
        }),
      );
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) {
        throw error;
      }
    }
  }

  async #load(run: Run): Promise<readonly Subscriber[]> {
    const found: Subscriber[] = [];
    const pages = paginateScan({ client: this.#dynamo }, { TableName: this.#table });
    for await (const { Items: rows = [] } of pages) {
      found.push(...rows.flatMap((row) => this.#read(row, run)));
    }
    return found;
  }

  #read(row: Row, { log, metrics }: Run): Subscriber[] {
    try {
      return isEnabled(row) ? [readSubscriber(row, this.#policy)] : [];
    } catch (error) {
      metrics.add("BadSubscribers");
      log.error("bad_subscriber", {
        subscriber_id: row["subscriber_id"]?.S,
        problem: errorText(error),
      });
      return [];
    }
  }
}
