import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { Webhook } from "standardwebhooks";
import { orderEvent } from "./support/events.js";
import { status } from "./support/subscriber.js";
import { ids, newFunction, record, startShop, urlOf } from "./support/test_function.js";
import { SECRET } from "./support/webhook_world.js";

test("an event is delivered once, whole and signed, however often it comes", async () => {
  const webhook = await newFunction();
  await using shop = await startShop();
  await webhook.addSubscriber("shop", urlOf(shop));
  const batch = [record("o1", 1), record("o1", 2), record("o2", 1)];
  assert.deepEqual(await webhook.invoke(batch), []);
  assert.deepEqual(await webhook.invoke(batch), []);
  const again = batch.map((one) => ({ ...one, messageId: randomUUID() }));
  assert.deepEqual(await webhook.invoke(again), []);
  assert.deepEqual(ids(shop).toSorted(), ["o1.1", "o1.2", "o2.1"]);
  for (const { body, headers } of shop.requests) {
    const verified = new Webhook(SECRET).verify(body, headers as Record<string, string>);
    assert.equal((verified as { id: string }).id, headers["webhook-id"]);
    assert.equal(headers["content-type"], "application/cloudevents+json");
  }
  const told = shop.requests.map(({ body }) => JSON.parse(body) as { id: string });
  assert.deepEqual(
    told.find(({ id }) => id === "o1.1"),
    JSON.parse(batch[0]?.body ?? ""),
  );
  assert.deepEqual(await webhook.deadLetters(), []);
});

test("only those who want a type and are enabled get it", async () => {
  const webhook = await newFunction();
  await using shop = await startShop();
  await using off = await startShop();
  const types = { L: [{ S: "granary.order.confirmed.v1" }] };
  await webhook.addSubscriber("shop", urlOf(shop), { event_types: types });
  await webhook.addSubscriber("off", urlOf(off), { enabled: { BOOL: false } });
  assert.deepEqual(await webhook.invoke([record("o1", 1), record("o1", 2)]), []);
  assert.deepEqual(ids(shop), ["o1.2"]);
  assert.deepEqual(ids(off), []);
});

test("what a retry finds done is not sent again", async () => {
  const webhook = await newFunction();
  await using good = await startShop();
  await using bad = await startShop((response, _, count) => {
    response.writeHead(count === 1 ? 503 : 204).end();
  });
  await webhook.addSubscriber("good", urlOf(good));
  await webhook.addSubscriber("bad", urlOf(bad));
  assert.deepEqual(await webhook.invoke([record("o1", 1)]), ["o1.1"]);
  assert.deepEqual(await webhook.invoke([record("o1", 1, 2)]), []);
  assert.deepEqual(ids(good), ["o1.1"]);
  assert.deepEqual(ids(bad), ["o1.1", "o1.1"]);
  assert.equal((await webhook.delivery("o1.1", "bad"))?.["attempts"]?.N, "2");
});

test("a subscriber that fails waits with its order, and nobody waits with it", async () => {
  const webhook = await newFunction();
  await using good = await startShop();
  await using bad = await startShop(status(500));
  await webhook.addSubscriber("good", urlOf(good));
  await webhook.addSubscriber("bad", urlOf(bad));
  const failed = await webhook.invoke([record("o1", 1), record("o1", 2), record("o2", 1)]);
  assert.deepEqual(failed.toSorted(), ["o1.1", "o1.2", "o2.1"]);
  assert.deepEqual(ids(good).toSorted(), ["o1.1", "o1.2", "o2.1"]);
  assert.deepEqual(ids(bad).toSorted(), ["o1.1", "o2.1"]);
});

test("an order that fails leaves other orders alone", async () => {
  const webhook = await newFunction();
  await using shop = await startShop((response, request) => {
    const isBad = String(request.headers["webhook-id"]).startsWith("bad");
    response.writeHead(isBad ? 500 : 204).end();
  });
  await webhook.addSubscriber("shop", urlOf(shop));
  const batch = [record("bad", 1), record("good", 1), record("bad", 2), record("good", 2)];
  assert.deepEqual((await webhook.invoke(batch)).toSorted(), ["bad.1", "bad.2"]);
  assert.deepEqual(ids(shop).toSorted(), ["bad.1", "good.1", "good.2"]);
});

test("after the last receive the event is a dead letter, and the next one goes on", async () => {
  const webhook = await newFunction();
  await using shop = await startShop(status(500));
  await webhook.addSubscriber("shop", urlOf(shop));
  for (const receive of [1, 2]) {
    const batch = [record("o1", 1, receive), record("o1", 2, receive)];
    assert.deepEqual(await webhook.invoke(batch), ["o1.1", "o1.2"]);
  }
  shop.answer = (response, request) => {
    response.writeHead(request.headers["webhook-id"] === "o1.1" ? 500 : 204).end();
  };
  assert.deepEqual(await webhook.invoke([record("o1", 1, 3), record("o1", 2, 3)]), []);
  const [letter, ...more] = await webhook.deadLetters();
  assert.deepEqual(more, []);
  assert.match(String(letter?.["time"]), /^20/);
  assert.deepEqual(
    { ...letter, time: "" },
    {
      reason: "status",
      detail: "the answer was 500",
      event_id: "o1.1",
      event_type: "granary.order.placed.v1",
      subscriber_id: "shop",
      attempts: 3,
      receive_count: 3,
      event: orderEvent("o1"),
      time: "",
    },
  );
  assert.equal((await webhook.delivery("o1.1", "shop"))?.["state"]?.S, "DEAD");
  assert.deepEqual(ids(shop), ["o1.1", "o1.1", "o1.1", "o1.2"]);
});

test("a refusal for good is a dead letter at once", async () => {
  const webhook = await newFunction({ ATTEMPTS: "3" });
  await using shop = await startShop(status(422));
  await webhook.addSubscriber("shop", urlOf(shop));
  assert.deepEqual(await webhook.invoke([record("o1", 1)]), []);
  assert.equal(shop.requests.length, 1);
  const [letter] = await webhook.deadLetters();
  assert.equal(letter?.["detail"], "the answer was 422");
});

test("a subscriber that is gone is disabled", async () => {
  const webhook = await newFunction({ SUBSCRIBERS_CACHE_SECONDS: "60" });
  await using shop = await startShop(status(410));
  await webhook.addSubscriber("shop", urlOf(shop));
  assert.deepEqual(await webhook.invoke([record("o1", 1), record("o1", 2)]), []);
  assert.equal(shop.requests.length, 1);
  const row = await webhook.subscriber("shop");
  assert.equal(row?.["enabled"]?.BOOL, false);
  assert.equal(row?.["disabled_reason"]?.S, "410 Gone");
  const [letter, ...more] = await webhook.deadLetters();
  assert.equal(letter?.["reason"], "gone");
  assert.deepEqual(more, []);
});

test("a subscriber whose URL was changed meanwhile is not disabled for the old one", async () => {
  const webhook = await newFunction();
  await using shop = await startShop(async (response) => {
    await webhook.addSubscriber("shop", `${urlOf(shop)}/new`);
    response.writeHead(410).end();
  });
  await webhook.addSubscriber("shop", urlOf(shop));
  assert.deepEqual(await webhook.invoke([record("o1", 1)]), []);
  assert.equal((await webhook.subscriber("shop"))?.["enabled"]?.BOOL, true);
});

test("attempts of an invocation are repeated, and honour Retry-After", async () => {
  const webhook = await newFunction({ ATTEMPTS: "3" });
  await using shop = await startShop((response, _, count) => {
    response.writeHead([429, 503][count - 1] ?? 204, { "retry-after": "1" }).end();
  });
  await webhook.addSubscriber("shop", urlOf(shop));
  const started = Date.now();
  assert.deepEqual(await webhook.invoke([record("o1", 1)]), []);
  assert.ok(Date.now() - started >= 2_000);
  assert.deepEqual(ids(shop), ["o1.1", "o1.1", "o1.1"]);
  assert.equal((await webhook.delivery("o1.1", "shop"))?.["attempts"]?.N, "3");
});

test("a wish that is too long for an invocation is kept to by the next", async () => {
  const webhook = await newFunction({ ATTEMPTS: "3" });
  await using shop = await startShop(status(503, { "retry-after": "3600" }));
  await webhook.addSubscriber("shop", urlOf(shop));
  assert.deepEqual(await webhook.invoke([record("o1", 1)]), ["o1.1"]);
  assert.deepEqual(await webhook.invoke([record("o1", 1, 2)]), ["o1.1"]);
  assert.equal(shop.requests.length, 1);
  const notBefore = Number((await webhook.delivery("o1.1", "shop"))?.["not_before"]?.N);
  assert.ok(notBefore - Date.now() <= 60_000);
});

test("two invocations at once with the same batch deliver once", async () => {
  const webhook = await newFunction();
  await using shop = await startShop((response) => {
    setTimeout(() => response.writeHead(204).end(), 200);
  });
  await webhook.addSubscriber("shop", urlOf(shop));
  const [one, other] = await Promise.all([
    webhook.invoke([record("o1", 1)]),
    webhook.invoke([record("o1", 1)]),
  ]);
  assert.equal(shop.requests.length, 1);
  assert.deepEqual([...(one ?? []), ...(other ?? [])], ["o1.1"]);
  assert.deepEqual(await webhook.invoke([record("o1", 1, 2)]), []);
  assert.equal(shop.requests.length, 1);
});

test("lines of an invocation are JSON with its id, and figures for CloudWatch", async () => {
  const webhook = await newFunction();
  await using shop = await startShop();
  await webhook.addSubscriber("shop", urlOf(shop));
  await webhook.invoke([record("o1", 1)]);
  const line = webhook.lines.find(({ event }) => event === "attempt_delivered");
  assert.equal(line?.["event_id"], "o1.1");
  assert.equal(line?.["subscriber_id"], "shop");
  assert.equal(line?.["attempt"], 1);
  assert.equal(line?.["status"], 204);
  assert.equal(line?.["service"], "order_webhook");
  assert.equal(typeof line?.["duration_ms"], "number");
  assert.match(String(line?.["request_id"]), /^[0-9a-f-]{36}$/);
  const figures = webhook.lines.filter((each) => each["_aws"] !== undefined);
  assert.equal(figures.find((each) => each["Delivered"] !== undefined)?.["Delivered"], 1);
  const durations = figures.flatMap((each) => each["AttemptDuration"] ?? []);
  assert.equal(durations.length, 1);
});
