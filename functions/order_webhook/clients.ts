import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SQSClient } from "@aws-sdk/client-sqs";

/** AWS as this function uses it. */
export interface Clients {
  readonly dynamo: DynamoDBClient;
  readonly sqs: SQSClient;
}

const ATTEMPTS = 3;

/**
 * Returns clients that give up in time.
 *
 * Regions, credentials and endpoints are the SDK's own settings: AWS_REGION,
 * AWS_ENDPOINT_URL_DYNAMODB and AWS_ENDPOINT_URL_SQS among them.
 *
 * @param timeoutMs - longest time for a connection, and for an answer
 */
export function createClients(timeoutMs: number): Clients {
  const options = {
    maxAttempts: ATTEMPTS,
    requestHandler: {
      connectionTimeout: timeoutMs,
      requestTimeout: timeoutMs,
      throwOnRequestTimeout: true,
    },
  };
  return { dynamo: new DynamoDBClient(options), sqs: new SQSClient(options) };
}
