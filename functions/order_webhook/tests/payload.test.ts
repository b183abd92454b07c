import assert from "node:assert/strict";
import { test } from "node:test";
import type { OrderEvent } from "../../../libs/contracts/order_events.js";
import { parseOrderEvent } from "../../../libs/contracts/order_events.js";
import { payloadOf } from "../payload.js";
import { orderEvent } from "./support/events.js";

function event(): OrderEvent {
  const parsed = parseOrderEvent(orderEvent("o1"));
  assert.ok(parsed.ok);
  return parsed.event;
}

test("subscribers are told the event as the contract has it", () => {
  assert.deepEqual(JSON.parse(payloadOf(event())), orderEvent("o1"));
});

test("what the contract has not, and the trace, stay inside", () => {
  const lines = event().data.lines.map((line) => ({ ...line, shelf: 4 }));
  const inside = {
    ...event(),
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    shard: 7,
    data: { ...event().data, margin: "0.31", lines },
  };
  assert.equal(payloadOf(inside), payloadOf(event()));
});
