import assert from "node:assert/strict";
import { test } from "node:test";
import { orderEvent, recordOf } from "./support/events.js";
import { status } from "./support/subscriber.js";
import { ids, newFunction, record, startShop, urlOf } from "./support/test_function.js";
import { SECRET } from "./support/webhook_world.js";

test("malformed records are dead letters at once, and nothing else is lost or waits", async () => {
  const webhook = await newFunction();
  await using shop = await startShop();
  await webhook.addSubscriber("shop", urlOf(shop));
  const unknown = orderEvent("o1", 1, { type: "granary.order.placed.v2" });
  const huge = `"${"é".repeat(131_072)}"`;
  const batch = [
    recordOf("o1", "not JSON", { messageId: "m1" }),
    record("o1", 1),
    recordOf("o1", unknown, { messageId: "m3" }),
    record("o1", 2),
    recordOf("o2", huge, { messageId: "m5" }),
    recordOf("o3", "{}", { messageId: "m6" }),
  ];
  assert.deepEqual(await webhook.invoke(batch), []);
  assert.deepEqual(ids(shop), ["o1.1", "o1.2"]);
  const letters = await webhook.deadLetters();
  const bodies = new Map(letters.map((letter) => [letter["message_id"], letter["body"]]));
  assert.deepEqual(
    bodies,
    new Map<unknown, unknown>([
      ["m1", "not JSON"],
      ["m3", JSON.stringify(unknown)],
      ["m5", huge],
      ["m6", "{}"],
    ]),
  );
  assert.ok(letters.every((letter) => letter["reason"] === "malformed" && letter["detail"] !== ""));
});

test("without a queue for dead letters nothing is dropped", async () => {
  const webhook = await newFunction({
    DEAD_LETTERS_QUEUE_URL: "http://127.0.0.1:9/000000000000/gone.fifo",
  });
  await using shop = await startShop(status(404));
  await webhook.addSubscriber("shop", urlOf(shop));
  const batch = [recordOf("o1", "not JSON", { messageId: "m1" }), record("o1", 1), record("o2", 1)];
  assert.deepEqual((await webhook.invoke(batch)).toSorted(), ["m1", "o1.1", "o2.1"]);
  assert.deepEqual(ids(shop), ["o2.1"]);
  assert.notEqual((await webhook.delivery("o2.1", "shop"))?.["state"]?.S, "DEAD");
});

test("without the tables nothing is sent and nothing is dropped", async () => {
  for (const table of ["SUBSCRIBERS_TABLE", "DELIVERIES_TABLE"]) {
    const webhook = await newFunction({ [table]: "missing" });
    await using shop = await startShop();
    await webhook.addSubscriber("shop", urlOf(shop));
    const batch = [record("o1", 1), record("o2", 1), record("o1", 2)];
    assert.deepEqual((await webhook.invoke(batch)).toSorted(), ["o1.1", "o1.2", "o2.1"]);
    assert.deepEqual(ids(shop), []);
  }
});

test("what does not fit into the time is reported as failed", async () => {
  const webhook = await newFunction();
  await using shop = await startShop((response) => {
    setTimeout(() => response.writeHead(204).end(), 400);
  });
  await webhook.addSubscriber("shop", urlOf(shop));
  const batch = Array.from({ length: 10 }, (_, index) => record("o1", index + 1));
  const started = Date.now();
  const failed = await webhook.invoke(batch, 4_500);
  assert.ok(Date.now() - started < 4_000);
  const delivered = ids(shop);
  assert.ok(delivered.length >= 2 && delivered.length < 10, `${delivered.length} were delivered`);
  const all = batch.map(({ messageId }) => messageId);
  assert.deepEqual([...delivered, ...failed], all);
  assert.deepEqual(
    await webhook.invoke(
      batch.map((one) => ({
        ...one,
        attributes: { ...one.attributes, ApproximateReceiveCount: "2" },
      })),
    ),
    [],
  );
  assert.deepEqual(ids(shop), all);
});

test("ten thousand messages without time for any are reported in time", async () => {
  const webhook = await newFunction();
  const batch = Array.from({ length: 10_000 }, (_, index) => record(`o${index % 100}`, index, 2));
  const started = Date.now();
  assert.equal((await webhook.invoke(batch, 2_500)).length, 10_000);
  assert.ok(Date.now() - started < 2_000);
});

test("a time-out below that of an attempt is told", async () => {
  const webhook = await newFunction();
  await using shop = await startShop();
  await webhook.addSubscriber("shop", urlOf(shop));
  assert.deepEqual(await webhook.invoke([record("o1", 1, 3)], 2_500), ["o1.1"]);
  assert.ok(webhook.lines.some(({ event }) => event === "function_timeout_too_short"));
  assert.deepEqual(ids(shop), []);
});

test("bad rows of subscribers are told of and left out", async () => {
  const webhook = await newFunction();
  await using shop = await startShop();
  const url = urlOf(shop);
  await webhook.addSubscriber("shop", url);
  for (const [id, row] of Object.entries({
    "no-url": { url: { S: "" } },
    "plain-http": { url: { S: url.replace("https", "http") } },
    private: { url: { S: "https://169.254.169.254:8443/" } },
    "number-for-url": { url: { N: "1" } },
    "bad-secret": { secrets: { L: [{ S: "whsec_short" }] } },
    "no-secrets": { secrets: { L: [] } },
    "many-secrets": { secrets: { L: Array.from({ length: 6 }, () => ({ S: SECRET })) } },
    "mixed-secrets": { secrets: { L: [{ S: SECRET }, { N: "1" }] } },
    "no-types": { event_types: { S: "*" } },
    "not-enabled": { enabled: { S: "true" } },
    "bad id": {},
  })) {
    await webhook.addSubscriber(id, url, row);
  }
  assert.deepEqual(await webhook.invoke([record("o1", 1)]), []);
  assert.equal(shop.requests.length, 1);
  const told = webhook.lines.filter(({ event }) => event === "bad_subscriber");
  assert.equal(told.length, 11);
  const text = JSON.stringify(webhook.lines);
  assert.ok(!text.includes("whsec_short") && !text.includes(SECRET), "a secret was logged");
  assert.ok(!text.includes("/webhooks"), "a URL was logged");
  assert.ok(webhook.lines.some((line) => line["BadSubscribers"] === 11));
});

test("more subscribers than fit into an invocation are served by the next", async () => {
  const webhook = await newFunction({ SUBSCRIBERS_AT_ONCE: "10" });
  await using shop = await startShop((response) => {
    setTimeout(() => response.writeHead(204).end(), 300);
  });
  const count = 120;
  await Promise.all(
    Array.from({ length: count }, (_, index) =>
      webhook.addSubscriber(`shop-${index}`, urlOf(shop)),
    ),
  );
  let invocations = 0;
  for (let receive = 1; receive <= 10; receive++) {
    invocations += 1;
    if ((await webhook.invoke([record("o1", 1, receive)], 4_500)).length === 0) {
      break;
    }
  }
  assert.ok(invocations > 1 && invocations < 10, `${invocations} invocations`);
  assert.equal(shop.requests.length, count);
  assert.deepEqual(await webhook.deadLetters(), []);
});
