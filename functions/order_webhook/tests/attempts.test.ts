import assert from "node:assert/strict";
import { test } from "node:test";
import type { Tried } from "../attempts.js";
import { tryRepeatedly } from "../attempts.js";
import type { Failure, Outcome, Retry } from "../failures.js";

const DELIVERED: Outcome = { kind: "delivered", status: 204 };

function failure(retry: Retry, retryAfterMs?: number): Failure {
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  return { kind: "failed", reason: "status", detail: "the answer was 503", retry, ...wait };
}

interface Case {
  readonly outcomes: readonly Outcome[];
  readonly attempts?: number;
  readonly random?: number;
  /** Time of the invocation, used up by waits alone. */
  readonly remainingMs?: number;
}

async function run(one: Case): Promise<{ tried: Tried; waits: number[] }> {
  const waits: number[] = [];
  let remaining = one.remainingMs ?? 60_000;
  const tried = await tryRepeatedly({
    send: async (number) => one.outcomes[number - 1] ?? assert.fail(`attempt ${number}`),
    attempts: one.attempts ?? 10,
    attemptMs: 1_000,
    deadline: { remainingMs: () => remaining },
    sleep: async (milliseconds) => {
      waits.push(milliseconds);
      remaining -= milliseconds;
    },
    random: () => one.random ?? 1,
  });
  return { tried, waits };
}

test("a delivery ends the row", async () => {
  const { tried, waits } = await run({ outcomes: [DELIVERED] });
  assert.deepEqual(tried, { outcome: DELIVERED, attempts: 1 });
  assert.deepEqual(waits, []);
});

test("waits double up to the longest one", async () => {
  const outcomes = [...Array<Outcome>(7).fill(failure("soon")), DELIVERED];
  const { tried, waits } = await run({ outcomes });
  assert.equal(tried.attempts, 8);
  assert.deepEqual(waits, [200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
});

test("waits are random between nothing and the whole", async () => {
  const { waits } = await run({
    outcomes: [failure("soon"), failure("soon"), DELIVERED],
    random: 0.25,
  });
  assert.deepEqual(waits, [50, 100]);
});

test("the number of attempts is bounded", async () => {
  const outcomes = [failure("soon"), failure("soon"), DELIVERED];
  const { tried } = await run({ outcomes, attempts: 2 });
  assert.deepEqual(tried, { outcome: failure("soon"), attempts: 2 });
});

for (const retry of ["later", "never"] as const) {
  test(`a failure to try again ${retry} ends the row`, async () => {
    const { tried } = await run({ outcomes: [failure("soon"), failure(retry), DELIVERED] });
    assert.deepEqual(tried, { outcome: failure(retry), attempts: 2 });
  });
}

test("a subscriber's wish is kept to when it is longer than the backoff", async () => {
  const { waits } = await run({
    outcomes: [failure("soon", 3_000), failure("soon", 1), DELIVERED],
  });
  assert.deepEqual(waits, [3_000, 400]);
});

test("a wish that is too long ends the row", async () => {
  const { tried, waits } = await run({ outcomes: [failure("soon", 5_001), DELIVERED] });
  assert.equal(tried.attempts, 1);
  assert.deepEqual(waits, []);
});

test("no attempt is started that may not have its whole time", async () => {
  const outcomes = [failure("soon"), failure("soon"), DELIVERED];
  const { tried } = await run({ outcomes, remainingMs: 1_599 });
  assert.equal(tried.attempts, 2);
});
