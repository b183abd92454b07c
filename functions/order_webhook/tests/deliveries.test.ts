import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Claim, Claimed } from "../deliveries.js";
import { Deliveries } from "../deliveries.js";
import type { World } from "./support/webhook_world.js";
import { newWorld } from "./support/webhook_world.js";

const KEY = { eventId: "o1.1", subscriberId: "shop" };
const LEASE_MS = 10_000;

async function fresh(): Promise<{ world: World; deliveries: Deliveries }> {
  const world = await newWorld();
  return { world, deliveries: new Deliveries(world.dynamo, world.deliveriesTable, 3_600) };
}

function claimOf(claimed: Claimed): Claim {
  return typeof claimed === "string" ? assert.fail(`it is ${claimed}`) : claimed;
}

test("of many who claim a delivery at once, one gets it", async () => {
  const { deliveries } = await fresh();
  const claims = await Promise.all(
    Array.from({ length: 10 }, () => deliveries.claim(KEY, LEASE_MS)),
  );
  assert.equal(claims.filter((claim) => claim === "held").length, 9);
  assert.equal(claims.filter((claim) => typeof claim === "object").length, 1);
});

test("a claim that was left by a killed invocation ends by the clock", async () => {
  const { deliveries } = await fresh();
  claimOf(await deliveries.claim(KEY, 50));
  assert.equal(await deliveries.claim(KEY, LEASE_MS), "held");
  await sleep(80);
  claimOf(await deliveries.claim(KEY, LEASE_MS));
});

test("what was delivered is settled, and expires", async () => {
  const { world, deliveries } = await fresh();
  const claim = claimOf(await deliveries.claim(KEY, LEASE_MS));
  await deliveries.delivered(claim, 2);
  assert.equal(await deliveries.claim(KEY, LEASE_MS), "settled");
  assert.deepEqual(await deliveries.settled("o1.1"), new Set(["shop"]));
  const item = await world.delivery("o1.1", "shop");
  assert.equal(item?.["state"]?.S, "DELIVERED");
  assert.equal(item?.["attempts"]?.N, "2");
  assert.equal(item?.["owner"], undefined);
  const expiresIn = Number(item?.["expires_at"]?.N) - Date.now() / 1000;
  assert.ok(expiresIn > 3_590 && expiresIn < 3_610, `it expires in ${expiresIn} s`);
});

test("a dead delivery is settled, and says why", async () => {
  const { world, deliveries } = await fresh();
  await deliveries.dead(claimOf(await deliveries.claim(KEY, LEASE_MS)), 3, "tls");
  assert.equal(await deliveries.claim(KEY, LEASE_MS), "settled");
  assert.deepEqual(await deliveries.settled("o1.1"), new Set(["shop"]));
  const item = await world.delivery("o1.1", "shop");
  assert.equal(item?.["state"]?.S, "DEAD");
  assert.equal(item?.["outcome"]?.S, "tls");
});

test("attempts add up from claim to claim", async () => {
  const { deliveries } = await fresh();
  const first = claimOf(await deliveries.claim(KEY, LEASE_MS));
  assert.equal(first.attempts, 0);
  await deliveries.release(first, 3, "status", 0);
  const second = claimOf(await deliveries.claim(KEY, LEASE_MS));
  assert.equal(second.attempts, 3);
  await deliveries.release(second, 2, "status", 0);
  assert.equal(claimOf(await deliveries.claim(KEY, LEASE_MS)).attempts, 5);
});

test("a subscriber that wants to be left alone is held for that time", async () => {
  const { deliveries } = await fresh();
  await deliveries.release(claimOf(await deliveries.claim(KEY, LEASE_MS)), 1, "status", 100);
  assert.equal(await deliveries.claim(KEY, LEASE_MS), "held");
  assert.deepEqual(await deliveries.settled("o1.1"), new Set());
  await sleep(130);
  claimOf(await deliveries.claim(KEY, LEASE_MS));
});

test("who lost its claim cannot give it back or up, but what it delivered counts", async () => {
  const { deliveries } = await fresh();
  const late = claimOf(await deliveries.claim(KEY, 1));
  await sleep(20);
  const current = claimOf(await deliveries.claim(KEY, LEASE_MS));
  const lost = { name: "ConditionalCheckFailedException" };
  await assert.rejects(deliveries.release(late, 1, "status", 0), lost);
  await assert.rejects(deliveries.dead(late, 1, "status"), lost);
  await deliveries.delivered(late, 1);
  await assert.rejects(deliveries.dead(current, 1, "status"), lost);
  assert.equal(await deliveries.claim(KEY, LEASE_MS), "settled");
});

test("deliveries of other events and subscribers are their own", async () => {
  const { deliveries } = await fresh();
  await deliveries.delivered(claimOf(await deliveries.claim(KEY, LEASE_MS)), 1);
  claimOf(await deliveries.claim({ ...KEY, subscriberId: "other" }, LEASE_MS));
  claimOf(await deliveries.claim({ ...KEY, eventId: "o1.2" }, LEASE_MS));
  assert.deepEqual(await deliveries.settled("o1.2"), new Set());
});
