import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { parseSecret } from "./signature.js";
import type { TargetPolicy } from "./target_urls.js";
import { parseTargetUrl } from "./target_urls.js";

/** Who gets events. */
export interface Subscriber {
  readonly id: string;
  readonly url: URL;
  /** The URL as the row has it. */
  readonly urlText: string;
  readonly secrets: readonly Uint8Array[];
  /** Types of events, or only "*" for all. */
  readonly eventTypes: ReadonlySet<string>;
}

/** A row that is no subscriber; the message says why, without URL and secrets. */
export class RowError extends Error {
  override readonly name = "RowError";
}

export type Row = Readonly<Record<string, AttributeValue>>;

export const ALL_TYPES = "*";
const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const MOST_SECRETS = 5;

/** Tells whether a row asks for events at all. */
export function isEnabled(row: Row): boolean {
  const enabled = row["enabled"]?.BOOL;
  if (enabled === undefined) {
    throw new RowError("enabled is a boolean");
  }
  return enabled;
}

/** Reads a row of the table of subscribers; throws RowError, SecretError or TargetUrlError. */
export function readSubscriber(row: Row, policy: TargetPolicy): Subscriber {
  const id = row["subscriber_id"]?.S ?? "";
  if (!ID.test(id)) {
    throw new RowError("subscriber_id is 1 to 64 letters, digits, dots, dashes and underscores");
  }
  const secrets = texts(row, "secrets");
  if (secrets.length > MOST_SECRETS) {
    throw new RowError(`secrets has 1 to ${MOST_SECRETS} items, not ${secrets.length}`);
  }
  const urlText = row["url"]?.S ?? "";
  return {
    id,
    url: parseTargetUrl(urlText, policy),
    urlText,
    secrets: secrets.map(parseSecret),
    eventTypes: new Set(texts(row, "event_types")),
  };
}

export function wants(subscriber: Subscriber, type: string): boolean {
  return subscriber.eventTypes.has(type) || subscriber.eventTypes.has(ALL_TYPES);
}

/** Returns an attribute that is a list or a set of strings, and not empty. */
function texts(row: Row, name: string): readonly string[] {
  const value = row[name];
  const found = value?.SS ?? value?.L?.map((item) => item.S);
  if (found === undefined || found.length === 0 || !found.every((text) => text !== undefined)) {
    throw new RowError(`${name} is a list or a set of strings, with at least one`);
  }
  return found;
}
