/** The end of an invocation, seen from inside. */
export interface Deadline {
  /** Milliseconds that work may still take; never negative. */
  remainingMs(): number;
}

/** What Lambda says about an invocation, as far as it is used. */
export interface InvocationContext {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

/** Kept for writing down what came of the last attempts, and for the answer. */
export const RESERVE_MS = 2_000;

export function deadlineOf(context: InvocationContext): Deadline {
  return {
    remainingMs: () => Math.max(0, context.getRemainingTimeInMillis() - RESERVE_MS),
  };
}
