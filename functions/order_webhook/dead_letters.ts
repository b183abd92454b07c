import { createHash } from "node:crypto";
import type { SQSClient } from "@aws-sdk/client-sqs";
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import type { Failure } from "./failures.js";
import type { EventMessage, MalformedMessage } from "./records.js";

/** The queue of what was given up. */
export class DeadLetters {
  readonly #sqs: SQSClient;
  readonly #queueUrl: string;

  constructor(sqs: SQSClient, queueUrl: string) {
    this.#sqs = sqs;
    this.#queueUrl = queueUrl;
  }

  /** Keeps an event that a subscriber did not get. */
  async keepEvent(
    message: EventMessage,
    subscriberId: string,
    failure: Failure,
    attempts: number,
  ): Promise<void> {
    const { event } = message;
    await this.#send(message.group, `${event.id} ${subscriberId}`, {
      reason: failure.reason,
      detail: failure.detail,
      event_id: event.id,
      event_type: event.type,
      subscriber_id: subscriberId,
      attempts,
      receive_count: message.receiveCount,
      event,
    });
  }

  /** Keeps a record that is no event, as it came. */
  async keepMalformed(message: MalformedMessage): Promise<void> {
    await this.#send(message.group, `malformed ${message.messageId}`, {
      reason: "malformed",
      detail: message.problem,
      message_id: message.messageId,
      receive_count: message.receiveCount,
      body: message.body,
    });
  }

  /** `name` is one for each letter: a FIFO queue drops a repeat of it within five minutes. */
  async #send(group: string, name: string, letter: object): Promise<void> {
    const fifo = this.#queueUrl.endsWith(".fifo")
      ? {
          MessageGroupId: group || "none",
          MessageDeduplicationId: createHash("sha256").update(name).digest("hex"),
        }
      : {};
    const body = { ...letter, time: new Date().toISOString() };
    await this.#sqs.send(
      new SendMessageCommand({
        QueueUrl: this.#queueUrl,
        MessageBody: JSON.stringify(body),
        ...fifo,
      }),
    );
  }
}
