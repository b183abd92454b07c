import assert from "node:assert/strict";
import type { LookupAddress } from "node:dns";
import { test } from "node:test";
import type { Network } from "../addresses.js";
import { parseNetwork } from "../addresses.js";
import { checkedLookup, nameServers } from "../names.js";
import type { Zone } from "./support/name_server.js";
import { startNameServer } from "./support/name_server.js";

const LOOPBACK = [parseNetwork("127.0.0.0/8")];

async function lookUp(
  name: string,
  zone: Zone,
  allowed: readonly Network[] = [],
): Promise<LookupAddress[]> {
  await using server = await startNameServer(zone);
  const lookup = checkedLookup(nameServers(500, [server.address]), allowed);
  return await new Promise((resolve, reject) => {
    lookup(name, { all: true }, (error, found) =>
      error === null ? resolve(found as LookupAddress[]) : reject(error),
    );
  });
}

test("a name's addresses of both families are found", async () => {
  const found = await lookUp("shop.example", () => ["1.1.1.1", "2606:4700::1111"]);
  assert.deepEqual(found, [
    { address: "1.1.1.1", family: 4 },
    { address: "2606:4700::1111", family: 6 },
  ]);
});

test("a name with one address is found in either family", async () => {
  assert.equal((await lookUp("shop.example", () => ["1.1.1.1"])).length, 1);
  assert.equal((await lookUp("shop.example", () => ["2606:4700::1111"])).length, 1);
});

for (const addresses of [
  ["127.0.0.1"],
  ["169.254.169.254"],
  ["1.1.1.1", "10.0.0.1"],
  ["1.1.1.1", "::1"],
  ["::ffff:169.254.169.254"],
]) {
  test(`a name with the addresses ${addresses.join(" and ")} is refused`, async () => {
    await assert.rejects(
      lookUp("shop.example", () => addresses),
      {
        name: "ForbiddenAddressError",
        message: /^shop\.example has the address .* which is not one of the public Internet$/,
      },
    );
  });
}

test("an allowed network is taken", async () => {
  const found = await lookUp("shop.example", () => ["127.0.0.1"], LOOPBACK);
  assert.deepEqual(found, [{ address: "127.0.0.1", family: 4 }]);
});

test("a name that does not exist is an error", async () => {
  await assert.rejects(
    lookUp("shop.example", () => []),
    { code: "ENOTFOUND" },
  );
});

test("a name server that is not there is an error in time", async () => {
  const lookup = checkedLookup(nameServers(50, ["127.0.0.1:9"]), []);
  const looked = new Promise((resolve, reject) => {
    lookup("shop.example", { all: true }, (error) => (error === null ? resolve(0) : reject(error)));
  });
  await assert.rejects(looked, (error: NodeJS.ErrnoException) =>
    ["ECONNREFUSED", "ETIMEOUT"].includes(error.code ?? ""),
  );
});

test("who asks for one address gets the first", async () => {
  await using server = await startNameServer(() => ["1.1.1.1", "1.0.0.1"]);
  const lookup = checkedLookup(nameServers(500, [server.address]), []);
  const found = await new Promise((resolve) => {
    lookup("shop.example", {}, (error, address, family) => resolve({ error, address, family }));
  });
  assert.deepEqual(found, { error: null, address: "1.1.1.1", family: 4 });
});
