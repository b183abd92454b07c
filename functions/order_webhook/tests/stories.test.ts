import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { SubscriberServer } from "./support/subscriber.js";
import type { TestFunction } from "./support/test_function.js";
import { newFunction, record, startShop, urlOf } from "./support/test_function.js";

const SHOPS = ["one", "two"];
const STEPS = [1, 2, 3];
// More than two events that are dead in a row, one after the other, can take.
const MOST_ROUNDS = 15;

interface Waiting {
  readonly orderId: string;
  readonly step: number;
  receives: number;
}

interface Story {
  readonly orders: number;
  /** How many messages of an order each round hands out; rounds repeat them. */
  readonly sizes: readonly number[];
  /** What the subscribers answer, request by request; then 204. */
  readonly answers: readonly (readonly number[])[];
  /** Rounds whose answer gets lost, so that the whole batch comes again. */
  readonly lost: readonly number[];
}

const story: fc.Arbitrary<Story> = fc.record({
  orders: fc.integer({ min: 1, max: 3 }),
  sizes: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
  answers: fc.tuple(
    ...SHOPS.map(() => fc.array(fc.constantFrom(204, 204, 302, 422, 429, 500), { maxLength: 30 })),
  ),
  lost: fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 2 }),
});

/** Plays a FIFO queue until it is empty. */
async function play(webhook: TestFunction, { orders, sizes, lost }: Story): Promise<void> {
  const queue = new Map<string, Waiting[]>();
  for (let order = 1; order <= orders; order++) {
    const orderId = `o${order}`;
    queue.set(
      orderId,
      STEPS.map((step) => ({ orderId, step, receives: 0 })),
    );
  }
  for (let round = 1; [...queue.values()].some((waiting) => waiting.length > 0); round++) {
    assert.ok(round <= MOST_ROUNDS, "the queue is not emptied");
    const size = sizes[round % sizes.length] ?? 1;
    const batch = [...queue.values()].flatMap((waiting) => waiting.slice(0, size));
    for (const message of batch) {
      message.receives += 1;
    }
    const failed = await webhook.invoke(
      batch.map(({ orderId, step, receives }) => record(orderId, step, receives)),
    );
    const done = batch.filter(({ orderId, step }) => !failed.includes(`${orderId}.${step}`));
    for (const message of lost.includes(round) ? [] : done) {
      const waiting = queue.get(message.orderId) ?? [];
      queue.set(
        message.orderId,
        waiting.filter((other) => other !== message),
      );
    }
  }
}

/** Starts a shop that answers as told, and remembers what it took. */
async function startScripted(
  answers: readonly number[],
  taken: string[],
): Promise<SubscriberServer> {
  return await startShop((response, request, count) => {
    const code = answers[count - 1] ?? 204;
    if (code === 204) {
      taken.push(String(request.headers["webhook-id"]));
    }
    response.writeHead(code).end();
  });
}

test("whatever subscribers answer, each gets each event once and in order, or the dead letters do", async () => {
  await fc.assert(
    fc.asyncProperty(story, async (one) => {
      const webhook = await newFunction();
      const taken: string[][] = SHOPS.map(() => []);
      await using shops = new AsyncDisposableStack();
      for (const [index, name] of SHOPS.entries()) {
        const shop = await startScripted(one.answers[index] ?? [], taken[index] ?? []);
        await webhook.addSubscriber(name, urlOf(shops.use(shop)));
      }
      await play(webhook, one);
      const letters = await webhook.deadLetters();
      for (const [index, name] of SHOPS.entries()) {
        const dead = letters.filter((letter) => letter["subscriber_id"] === name);
        const ended = [
          ...(taken[index] ?? []),
          ...dead.map((letter) => String(letter["event_id"])),
        ];
        for (let order = 1; order <= one.orders; order++) {
          const ofOrder = (id: string): boolean => id.startsWith(`o${order}.`);
          const expected = STEPS.map((step) => `o${order}.${step}`);
          assert.deepEqual(ended.filter(ofOrder).toSorted(), expected, "once each");
          const inOrder = (taken[index] ?? []).filter(ofOrder);
          assert.deepEqual(inOrder, inOrder.toSorted(), "in order");
        }
      }
    }),
    { numRuns: 25 },
  );
});
