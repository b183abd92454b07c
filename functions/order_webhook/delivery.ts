import type { AttemptOptions } from "./attempt.js";
import type { DeadLetters } from "./dead_letters.js";
import type { Deliveries } from "./deliveries.js";
import type { EventMessage } from "./records.js";
import type { Run } from "./run.js";
import type { Subscriber } from "./subscriber_rows.js";
import type { Subscribers } from "./subscribers.js";

/** An event on its way to a subscriber, in an invocation. */
export interface Delivery {
  readonly message: EventMessage;
  readonly subscriber: Subscriber;
  readonly run: Run;
}

/** What deliveries are made with. */
export interface Delivering {
  readonly subscribers: Subscribers;
  readonly deliveries: Deliveries;
  readonly deadLetters: DeadLetters;
  readonly options: AttemptOptions;
  /** Most attempts of an invocation. */
  readonly attempts: number;
  /** Receives of a message after which a failure is final. */
  readonly maxReceives: number;
  /** Deliveries of one event at once. */
  readonly subscribersAtOnce: number;
}

/** How logs name a delivery. */
export function namesOf({ message, subscriber }: Delivery) {
  return {
    event_id: message.event.id,
    subscriber_id: subscriber.id,
  };
}
