/** Events of orders as order_api publishes them; made from the models in order_events.py. */

import type { ErrorObject } from "ajv";
import type { OrderEvent } from "./order_events_types.js";
import validate from "./order_events_validator.cjs";

export type { Order, OrderEvent } from "./order_events_types.js";

export type ParsedOrderEvent =
  | { readonly ok: true; readonly event: OrderEvent }
  | { readonly ok: false; readonly problem: string };

/** Takes any value, and says in one sentence what keeps it from being an event that is known. */
export function parseOrderEvent(value: unknown): ParsedOrderEvent {
  return validate(value)
    ? { ok: true, event: value as OrderEvent }
    : { ok: false, problem: sentence(validate.errors?.[0]) };
}

function sentence(error: ErrorObject | undefined): string {
  if (error?.keyword === "discriminator") {
    const { tag, tagValue } = error.params as { tag: string; tagValue: unknown };
    return `${tag} ${JSON.stringify(tagValue) ?? "is missing and"} is not one that is known`;
  }
  return `${error?.instancePath || "the event"} ${error?.message ?? "is not valid"}`;
}
