import type { Deadline } from "./deadline.js";
import type { Failure, Outcome } from "./failures.js";

/** What came of a row of attempts. */
export interface Tried {
  /** Of the last one. */
  readonly outcome: Outcome;
  readonly attempts: number;
}

export interface Trying {
  /** Makes one attempt, the `number`th of this row from 1 on. Never rejects. */
  readonly send: (number: number) => Promise<Outcome>;
  /** Most attempts. */
  readonly attempts: number;
  /** Longest time of an attempt: none after the first is started that may not have it. */
  readonly attemptMs: number;
  readonly deadline: Deadline;
  readonly sleep: (milliseconds: number) => Promise<unknown>;
  /** From 0 to 1. */
  readonly random: () => number;
}

const FIRST_BACKOFF_MS = 200;
const LONGEST_WAIT_MS = 5_000;

/** Makes attempts until one delivers, a failure is not for trying again soon, or time is up. */
export async function tryRepeatedly(trying: Trying): Promise<Tried> {
  for (let number = 1; ; number++) {
    const outcome = await trying.send(number);
    const tried = { outcome, attempts: number };
    if (outcome.kind === "delivered" || outcome.retry !== "soon" || number >= trying.attempts) {
      return tried;
    }
    const wait = waitAfter(outcome, number, trying.random);
    if (wait > LONGEST_WAIT_MS || wait + trying.attemptMs > trying.deadline.remainingMs()) {
      return tried;
    }
    await trying.sleep(wait);
  }
}

/** Exponential backoff with full jitter, or longer where the subscriber asks for it. */
function waitAfter(failure: Failure, number: number, random: () => number): number {
  const most = Math.min(LONGEST_WAIT_MS, FIRST_BACKOFF_MS * 2 ** (number - 1));
  return Math.max(random() * most, failure.retryAfterMs ?? 0);
}
