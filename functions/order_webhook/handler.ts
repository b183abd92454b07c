import type { Context, SQSBatchResponse } from "aws-lambda";
import { createClients } from "./clients.js";
import { writeToStdout } from "./logs.js";
import { nameServers } from "./names.js";
import { readSettings } from "./settings.js";
import { createWebhook } from "./webhook.js";

// At the cold start: bad settings fail it, with a message that names them.
const settings = readSettings(process.env);
const webhook = createWebhook(settings, {
  ...createClients(settings.awsTimeoutMs),
  resolve: nameServers(settings.connectTimeoutMs),
  write: writeToStdout,
});

/** Lambda's entry: a batch of order events of an SQS FIFO queue. */
export function handler(event: unknown, context: Context): Promise<SQSBatchResponse> {
  return webhook(event, context);
}
