import assert from "node:assert/strict";
import { test } from "node:test";
import { mayBeCalled, parseNetwork } from "../addresses.js";

const FORBIDDEN = [
  "0.0.0.0",
  "0.1.2.3",
  "10.0.0.1",
  "100.64.0.1",
  "100.127.255.255",
  "127.0.0.1",
  "127.255.255.254",
  "169.254.169.254",
  "169.254.170.2",
  "172.16.0.1",
  "172.31.255.255",
  "192.0.0.1",
  "192.0.2.1",
  "192.88.99.1",
  "192.168.1.1",
  "198.18.0.1",
  "198.51.100.1",
  "203.0.113.1",
  "224.0.0.1",
  "239.255.255.255",
  "240.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "::127.0.0.1",
  "::ffff:127.0.0.1",
  "::ffff:169.254.169.254",
  "::ffff:7f00:1",
  "::ffff:0:127.0.0.1",
  "64:ff9b::169.254.169.254",
  "64:ff9b:1::1",
  "100::1",
  "2001::1",
  "2001:db8::1",
  "2002:7f00:1::1",
  "3fff::1",
  "5f00::1",
  "fc00::1",
  "fd00:ec2::254",
  "fe80::1",
  "fe80::1%eth0",
  "fec0::1",
  "ff02::1",
  "4000::1",
];

for (const address of FORBIDDEN) {
  test(`${address} may not be called`, () => {
    assert.equal(mayBeCalled(address, []), false);
  });
}

for (const address of ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1"]) {
  test(`${address} may be called`, () => {
    assert.equal(mayBeCalled(address, []), true);
  });
}

test("what is no address may not be called", () => {
  for (const text of ["", "localhost", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "1.1.1", "::g"]) {
    assert.equal(mayBeCalled(text, [parseNetwork("0.0.0.0/0")]), false, text);
  }
});

test("an allowed network opens its own addresses and no others", () => {
  const allowed = [parseNetwork("127.0.0.0/8"), parseNetwork("fd00::/8")];
  assert.equal(mayBeCalled("127.0.0.1", allowed), true);
  assert.equal(mayBeCalled("::ffff:127.0.0.1", allowed), true);
  assert.equal(mayBeCalled("fd12::1", allowed), true);
  assert.equal(mayBeCalled("10.0.0.1", allowed), false);
  assert.equal(mayBeCalled("::1", allowed), false);
});

for (const text of ["", "10.0.0.1", "10.0.0.0/33", "localhost/8", "10/8x"]) {
  test(`${JSON.stringify(text)} is refused as a network`, () => {
    assert.throws(() => parseNetwork(text), /no network in CIDR notation, like 10\.0\.0\.0\/8/);
  });
}
