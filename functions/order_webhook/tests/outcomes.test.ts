import assert from "node:assert/strict";
import { test } from "node:test";
import { outcomeOfAnswer } from "../outcomes.js";
import { parseRetryAfter } from "../retry_after.js";

const NOW = Date.parse("2026-01-01T00:00:00Z");

for (const status of [200, 201, 202, 204, 299]) {
  test(`${status} is a delivery`, () => {
    const outcome = outcomeOfAnswer({ status, retryAfter: undefined }, NOW);
    assert.deepEqual(outcome, { kind: "delivered", status });
  });
}

for (const [status, reason, retry] of [
  [301, "status", "later"],
  [302, "status", "later"],
  [307, "status", "later"],
  [308, "status", "later"],
  [304, "status", "later"],
  [400, "status", "never"],
  [401, "status", "never"],
  [404, "status", "never"],
  [408, "status", "soon"],
  [410, "gone", "never"],
  [413, "status", "never"],
  [429, "status", "soon"],
  [500, "status", "soon"],
  [503, "status", "soon"],
  [599, "status", "soon"],
  [999, "status", "soon"],
] as const) {
  test(`${status} is a failure to try again ${retry}`, () => {
    const outcome = outcomeOfAnswer({ status, retryAfter: undefined }, NOW);
    const detail = `the answer was ${status}`;
    assert.deepEqual(outcome, { kind: "failed", status, detail, reason, retry });
  });
}

test("a wish to be left alone is kept with the failure", () => {
  const outcome = outcomeOfAnswer({ status: 503, retryAfter: "7" }, NOW);
  assert.equal(outcome.kind === "failed" && outcome.retryAfterMs, 7_000);
});

for (const [header, milliseconds] of [
  ["0", 0],
  [" 120 ", 120_000],
  ["Thu, 01 Jan 2026 00:00:30 GMT", 30_000],
  ["Thursday, 01-Jan-26 00:00:30 GMT", 30_000],
  ["Wed, 31 Dec 2025 00:00:00 GMT", 0],
  ["", undefined],
  ["-1", undefined],
  ["1.5", undefined],
  ["soon", undefined],
  ["2026", 2_026_000],
  ["2026-01-01T00:00:30Z", undefined],
] as const) {
  test(`Retry-After ${JSON.stringify(header)} is ${milliseconds} ms`, () => {
    assert.equal(parseRetryAfter(header, NOW), milliseconds);
  });
}

test("no Retry-After is no wish", () => {
  assert.equal(parseRetryAfter(undefined, NOW), undefined);
});
