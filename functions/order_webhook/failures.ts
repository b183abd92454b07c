/** Why a delivery failed, for dead letters and logs. */
export const REASONS = [
  "status",
  "timeout",
  "network",
  "tls",
  "forbidden-address",
  "gone",
  "malformed",
] as const;
export type Reason = (typeof REASONS)[number];

/**
 * When to try again: within this invocation, when the message is next received, or not at all.
 */
export type Retry = "soon" | "later" | "never";

/** An attempt that did not deliver. */
export interface Failure {
  readonly kind: "failed";
  readonly reason: Reason;
  /** One line that says what happened. */
  readonly detail: string;
  readonly retry: Retry;
  readonly status?: number;
  /** How long the subscriber asked to be left alone. */
  readonly retryAfterMs?: number;
}

/** An attempt that the subscriber took. */
export interface Success {
  readonly kind: "delivered";
  readonly status: number;
}

export type Outcome = Success | Failure;
