import type { SQSBatchResponse } from "aws-lambda";
import { dealWithBatch } from "./batches.js";
import type { Clients } from "./clients.js";
import { DeadLetters } from "./dead_letters.js";
import type { InvocationContext } from "./deadline.js";
import { deadlineOf } from "./deadline.js";
import { Deliveries } from "./deliveries.js";
import type { Delivering } from "./delivery.js";
import type { Logger, WriteLine } from "./logs.js";
import { createLogger } from "./logs.js";
import { dealWithMessage } from "./messages.js";
import { Metrics } from "./metrics.js";
import type { Resolve } from "./names.js";
import { checkedLookup } from "./names.js";
import type { Settings } from "./settings.js";
import { Subscribers } from "./subscribers.js";

/** What the function is made of, besides its settings. */
export interface Parts extends Clients {
  readonly resolve: Resolve;
  readonly write: WriteLine;
  /** Certificates to trust in place of the public authorities. */
  readonly ca?: string;
}

export type Handle = (event: unknown, context: InvocationContext) => Promise<SQSBatchResponse>;

/** Returns the function that deals with a batch of the queue. */
export function createWebhook(settings: Settings, parts: Parts): Handle {
  const delivering = deliveringWith(settings, parts);
  return async (event, context) => {
    const log = createLogger(
      settings.logLevel,
      { service: "order_webhook", request_id: context.awsRequestId },
      parts.write,
    );
    const run = { deadline: deadlineOf(context), log, metrics: new Metrics() };
    warnOfLittleTime(settings, run.deadline.remainingMs(), log);
    try {
      return await dealWithBatch(event, settings.groupsAtOnce, (message, group) =>
        dealWithMessage(message, group, delivering, run),
      );
    } finally {
      run.metrics.flush(settings.metricsNamespace, parts.write);
    }
  };
}

function deliveringWith(settings: Settings, { dynamo, sqs, resolve, ca }: Parts): Delivering {
  return {
    subscribers: new Subscribers(
      dynamo,
      settings.subscribersTable,
      settings.subscribersCacheMs,
      settings,
    ),
    deliveries: new Deliveries(dynamo, settings.deliveriesTable, settings.deliveriesKeptSeconds),
    deadLetters: new DeadLetters(sqs, settings.deadLettersQueueUrl),
    options: {
      lookup: checkedLookup(resolve, settings.allowedPrivateNetworks),
      connectTimeoutMs: settings.connectTimeoutMs,
      totalTimeoutMs: settings.attemptTimeoutMs,
      ...(ca === undefined ? {} : { ca }),
    },
    attempts: settings.attempts,
    maxReceives: settings.maxReceives,
    subscribersAtOnce: settings.subscribersAtOnce,
  };
}

/** Without time for one attempt nothing is ever delivered, and only the log can say why. */
function warnOfLittleTime(settings: Settings, remainingMs: number, log: Logger): void {
  if (remainingMs < settings.attemptTimeoutMs) {
    log.error("function_timeout_too_short", {
      problem: `${remainingMs} ms are left for attempts of up to ${settings.attemptTimeoutMs} ms`,
    });
  }
}
