import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as pause } from "node:timers/promises";
import fc from "fast-check";
import type { DealWith } from "../batches.js";
import { dealWithBatch } from "../batches.js";
import { orderEvent, recordOf } from "./support/events.js";

const done: DealWith = async () => true;

async function failures(records: unknown[], dealWith: DealWith, atOnce = 4): Promise<string[]> {
  const { batchItemFailures } = await dealWithBatch({ Records: records }, atOnce, dealWith);
  return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
}

test("an empty batch succeeds", async () => {
  assert.deepEqual(await failures([], done), []);
});

for (const event of [undefined, null, "batch", {}, { Records: {} }]) {
  test(`${JSON.stringify(event)} is no batch of a queue`, async () => {
    await assert.rejects(dealWithBatch(event, 1, done), {
      name: "NoBatchError",
      message: "the event has no list Records: the trigger is to be an SQS queue",
    });
  });
}

test("a record that fails without an id fails the batch", async () => {
  await assert.rejects(
    failures([{}], async () => false),
    { name: "UnnamedRecordError" },
  );
  assert.deepEqual(await failures([{}], done), []);
});

test("after a message that stops its group no other of the group is dealt with", async () => {
  const records = ["m1", "m2"].map((messageId) => recordOf("o1", orderEvent("o1"), { messageId }));
  const seen: string[] = [];
  const stopping: DealWith = async ({ messageId }, group) => {
    seen.push(messageId);
    group.stopped = true;
    return false;
  };
  assert.deepEqual(await failures(records, stopping), ["m1", "m2"]);
  assert.deepEqual(seen, ["m1"]);
});

test("ten thousand records are dealt with, no more groups at once than wanted", async () => {
  const records = Array.from({ length: 10_000 }, (_, number) =>
    recordOf(`o${number % 2_000}`, "{}", { messageId: String(number) }),
  );
  let now = 0;
  let most = 0;
  const counted: DealWith = async () => {
    now += 1;
    most = Math.max(most, now);
    await pause();
    now -= 1;
    return true;
  };
  assert.deepEqual(await failures(records, counted, 25), []);
  assert.equal(most, 25);
});

interface Planned {
  readonly group: number;
  readonly succeeds: boolean;
  readonly turns: number;
}

const planned: fc.Arbitrary<Planned> = fc.record({
  group: fc.nat(4),
  succeeds: fc.boolean(),
  turns: fc.nat(3),
});

test("whatever fails, groups keep their order and fail from their first failure on", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(planned, { maxLength: 30 }),
      fc.integer({ min: 1, max: 6 }),
      async (plan, atOnce) => {
        const records = plan.map(({ group }, index) =>
          recordOf(`g${group}`, "{}", { messageId: String(index) }),
        );
        const finished: number[] = [];
        const failed = await failures(
          records,
          async ({ messageId }) => {
            const one = plan[Number(messageId)] ?? assert.fail();
            for (let turn = 0; turn < one.turns; turn++) {
              await pause();
            }
            finished.push(Number(messageId));
            return one.succeeds;
          },
          atOnce,
        );
        const expected = plan.flatMap(({ group }, index) =>
          plan.slice(0, index + 1).some((other) => other.group === group && !other.succeeds)
            ? [String(index)]
            : [],
        );
        assert.deepEqual(failed.toSorted(), expected.toSorted());
        for (const group of new Set(plan.map((one) => one.group))) {
          const order = finished.filter((index) => plan[index]?.group === group);
          assert.deepEqual(
            order,
            order.toSorted((a, b) => a - b),
          );
        }
      },
    ),
  );
});
