import assert from "node:assert/strict";
import { test } from "node:test";
import { type OrderEvent, parseOrderEvent } from "../order_events.js";

const ORDER = {
  order_id: "o1",
  customer_id: "ann",
  status: "CONFIRMED",
  lines: [{ sku: "APPLE", quantity: 2 }],
  created_at: "2026-03-01T10:00:00.000+00:00",
  updated_at: "2026-03-01T10:00:01.000Z",
} as const;

const EVENT: OrderEvent = {
  specversion: "1.0",
  id: "o1.2",
  source: "/granary/order_api",
  type: "granary.order.confirmed.v1",
  subject: "o1",
  time: "2026-03-01T10:00:01.000+00:00",
  datacontenttype: "application/json",
  partitionkey: "o1",
  sequence: "00000000000000000002",
  data: { ...ORDER, lines: [...ORDER.lines] },
};

function problem(value: unknown): string {
  const parsed = parseOrderEvent(value);
  assert.ok(!parsed.ok, "the event is taken for a good one");
  return parsed.problem;
}

test("an event is taken as it is", () => {
  assert.deepEqual(parseOrderEvent(EVENT), { ok: true, event: EVENT });
});

test("fields that are not known yet are let through", () => {
  const newer = { ...EVENT, more: 1, data: { ...EVENT.data, priority: "high" } };
  assert.deepEqual(parseOrderEvent(newer), { ok: true, event: newer });
});

test("an optional field may be null", () => {
  assert.ok(parseOrderEvent({ ...EVENT, data: { ...EVENT.data, rejection: null } }).ok);
});

for (const [name, value, expected] of [
  [
    "another version",
    { ...EVENT, type: "granary.order.placed.v2" },
    /type "granary\.order\.placed\.v2" is not one that is known/,
  ],
  ["no type", { ...EVENT, type: undefined }, /type is missing/],
  ["a list", [EVENT], /the event must be object/],
  ["a text", "event", /the event must be object/],
  ["a missing field", { ...EVENT, data: { ...ORDER, status: undefined } }, /\/data.*'status'/],
  [
    "a wrong field",
    { ...EVENT, data: { ...ORDER, lines: [{ sku: "APPLE", quantity: "2" }] } },
    /\/data\/lines\/0\/quantity must be integer/,
  ],
  ["no moment", { ...EVENT, time: "yesterday" }, /\/time must match format "date-time"/],
  [
    "a 25th hour",
    { ...EVENT, time: "2026-03-01T25:00:00Z" },
    /\/time must match format "date-time"/,
  ],
] as const) {
  test(`${name} is a problem that is named`, () => {
    assert.match(problem(JSON.parse(JSON.stringify(value))), expected);
  });
}
