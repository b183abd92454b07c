import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MOST_BODY_BYTES, readRecord } from "../records.js";
import { orderEvent, recordOf } from "./support/events.js";

function problem(body: object | string): string {
  const message = readRecord(recordOf("o1", body, { messageId: "m1" }));
  assert.equal(message.messageId, "m1");
  assert.equal(message.group, "o1");
  return message.kind === "malformed" ? message.problem : assert.fail("it was taken");
}

test("an event is read with its group, its id and how often it came", () => {
  const record = recordOf("o1", orderEvent("o1"), { messageId: "m1", receiveCount: 3 });
  const message = readRecord(record);
  assert.deepEqual(message, {
    kind: "event",
    messageId: "m1",
    group: "o1",
    receiveCount: 3,
    body: record.body,
    event: orderEvent("o1"),
  });
});

for (const [name, body] of [
  ["nothing", ""],
  ["text", "hello"],
  ["half an event", JSON.stringify(orderEvent("o1")).slice(0, 100)],
] as const) {
  test(`${name} is not JSON`, () => {
    assert.equal(problem(body), "the body is not JSON");
  });
}

for (const [name, body] of [
  ["null", "null"],
  ["a list", "[]"],
  ["a number", "1"],
  ["an object that is no CloudEvent", "{}"],
  ["deep nesting", "[".repeat(100_000) + "]".repeat(100_000)],
  ["an unknown version", orderEvent("o1", 1, { type: "granary.order.placed.v2" })],
  ["an unknown type", orderEvent("o1", 1, { type: "granary.order.lost.v1" })],
  ["another version of CloudEvents", orderEvent("o1", 1, { specversion: "0.3" })],
  ["an event without data", orderEvent("o1", 1, { data: undefined })],
] as const) {
  test(`${name} is malformed`, () => {
    assert.notEqual(problem(body), "");
  });
}

test("an unknown version is named", () => {
  assert.match(
    problem(orderEvent("o1", 1, { type: "granary.order.placed.v2" })),
    /granary\.order\.placed\.v2/,
  );
});

for (const id of ["", "a b", "a\r\nx-injected: 1", "é", "x".repeat(129)]) {
  test(`the id ${JSON.stringify(id.slice(0, 20))} cannot be a header`, () => {
    assert.match(problem(orderEvent("o1", 1, { id })), /id/);
  });
}

test("a body over the limit of an event is malformed", () => {
  const pad = MOST_BODY_BYTES - Buffer.byteLength(JSON.stringify(orderEvent("o1")));
  const body = JSON.stringify(orderEvent("o1"));
  assert.equal(readRecord(recordOf("o1", body + " ".repeat(pad))).kind, "event");
  assert.equal(
    problem(`${body}${" ".repeat(pad + 1)}`),
    "the body has 262145 bytes, over the 262144 of an event",
  );
});

test("a record of a standard queue is a group of its own", () => {
  const record = recordOf("", orderEvent("o1"), { messageId: "m7" });
  assert.equal(readRecord(record).group, "m7");
});

test("whatever comes as a record is read", () => {
  const field = fc.constantFrom("messageId", "body", "attributes", "MessageGroupId");
  fc.assert(
    fc.property(fc.oneof(fc.anything(), fc.dictionary(field, fc.anything())), (record) => {
      const { kind, receiveCount } = readRecord(record);
      assert.equal(kind, "malformed");
      assert.ok(receiveCount >= 1);
    }),
  );
});
