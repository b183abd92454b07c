import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Outcome } from "../failures.js";
import { checkedLookup, nameServers } from "../names.js";
import { Authority } from "./support/certificates.js";
import { startDeafListener } from "./support/deaf_listener.js";
import type { Zone } from "./support/name_server.js";
import { startNameServer } from "./support/name_server.js";
import { AUTHORITY, failureOf, LOOPBACK, OWN, send } from "./support/sending.js";
import { startSubscriber, status } from "./support/subscriber.js";

suite("certificates", () => {
  const hosts = ["127.0.0.1"];
  for (const [name, identity, detail] of [
    [
      "of an unknown authority",
      new Authority("Other authority").issue({ hosts }),
      /UNABLE_TO_VERIFY_LEAF_SIGNATURE/,
    ],
    ["that signs itself", new Authority("127.0.0.1").itself, /DEPTH_ZERO_SELF_SIGNED_CERT/],
    [
      "that has expired",
      AUTHORITY.issue({ hosts, notAfter: new Date(Date.now() - 1000) }),
      /CERT_HAS_EXPIRED/,
    ],
    [
      "for another name",
      AUTHORITY.issue({ hosts: ["other.test"] }),
      /ERR_TLS_CERT_ALTNAME_INVALID/,
    ],
  ] as const) {
    test(`one ${name} is refused before anything is sent`, async () => {
      await using shop = await startSubscriber(status(200), identity);
      const failure = failureOf(await send(`https://127.0.0.1:${shop.port}/`));
      assert.equal(failure.reason, "tls");
      assert.equal(failure.retry, "later");
      assert.match(failure.detail, detail);
      assert.equal(shop.requests.length, 0);
    });
  }

  test("a server without TLS is refused", async () => {
    await using shop = await startSubscriber();
    assert.equal(failureOf(await send(`https://127.0.0.1:${shop.port}/`)).reason, "tls");
  });
});

suite("names", () => {
  async function sendByName(zone: Zone, port: number, times = 1): Promise<Outcome[]> {
    await using names = await startNameServer(zone);
    const lookup = checkedLookup(nameServers(500, [names.address]), LOOPBACK);
    const outcomes: Outcome[] = [];
    for (let count = 0; count < times; count++) {
      outcomes.push((await send(`https://shop.test:${port}/`, { lookup })).outcome);
    }
    return outcomes;
  }

  test("the address that was checked is the one that is connected to", async () => {
    await using shop = await startSubscriber(status(204), OWN);
    const [outcome] = await sendByName(() => ["127.0.0.1"], shop.port);
    assert.equal(outcome?.kind, "delivered");
    assert.equal(shop.requests[0]?.headers.host, `shop.test:${shop.port}`);
  });

  test("a name that comes to mean a private address is refused from then on", async () => {
    await using shop = await startSubscriber(status(204), OWN);
    const zone: Zone = (_, count) => (count === 1 ? ["127.0.0.1"] : ["10.0.0.1"]);
    const [first, second] = await sendByName(zone, shop.port, 2);
    assert.equal(first?.kind, "delivered");
    assert.deepEqual(second, {
      kind: "failed",
      reason: "forbidden-address",
      retry: "never",
      detail: "shop.test has the address 10.0.0.1, which is not one of the public Internet",
    });
    assert.equal(shop.connections(), 1);
  });

  test("one private address among several refuses the name", async () => {
    await using shop = await startSubscriber(status(204), OWN);
    const [outcome] = await sendByName(() => ["127.0.0.1", "10.0.0.1"], shop.port);
    assert.equal(outcome?.kind === "failed" && outcome.reason, "forbidden-address");
    assert.equal(shop.connections(), 0);
  });

  test("an address that does not answer gives way to the next", async () => {
    await using shop = await startSubscriber(status(204), OWN);
    await using _deaf = await startDeafListener("127.0.0.2", shop.port);
    const [outcome] = await sendByName(() => ["127.0.0.2", "127.0.0.1"], shop.port);
    assert.equal(outcome?.kind, "delivered");
  });

  test("a name that does not exist is the network's", async () => {
    const [outcome] = await sendByName(() => [], 443);
    assert.equal(outcome?.kind === "failed" && outcome.reason, "network");
  });
});
