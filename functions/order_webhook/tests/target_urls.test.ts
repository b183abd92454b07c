import assert from "node:assert/strict";
import { test } from "node:test";
import { parseNetwork } from "../addresses.js";
import { parsePorts } from "../ports.js";
import { parseTargetUrl } from "../target_urls.js";

const STRICT = {
  allowHttp: false,
  allowedPorts: parsePorts("443"),
  allowedPrivateNetworks: [],
};

for (const [url, problem] of [
  ["", "the URL cannot be read"],
  ["shop.example/hook", "the URL cannot be read"],
  ["http://shop.example/hook", "the URL's scheme is https, not http"],
  ["ftp://shop.example/hook", "the URL's scheme is https, not ftp"],
  ["file:///etc/passwd", "the URL's scheme is https, not file"],
  ["https://user@shop.example/", "the URL holds credentials"],
  ["https://:password@shop.example/", "the URL holds credentials"],
  ["https://shop.example:8443/", "the URL's port 8443 is not allowed"],
  ["https://shop.example:22/", "the URL's port 22 is not allowed"],
  ["https://127.0.0.1/", "the URL's address 127.0.0.1 is not one of the public Internet"],
  ["https://127.1/", "the URL's address 127.0.0.1 is not one of the public Internet"],
  ["https://2130706433/", "the URL's address 127.0.0.1 is not one of the public Internet"],
  ["https://0x7f000001/", "the URL's address 127.0.0.1 is not one of the public Internet"],
  ["https://0177.0.0.1/", "the URL's address 127.0.0.1 is not one of the public Internet"],
  ["https://127.0.0.1./", "the URL's address 127.0.0.1 is not one of the public Internet"],
  [
    "https://①⑥⑨.254.169.254/",
    "the URL's address 169.254.169.254 is not one of the public Internet",
  ],
  ["https://[::1]/", "the URL's address ::1 is not one of the public Internet"],
  [
    "https://[::ffff:10.0.0.1]/",
    "the URL's address ::ffff:a00:1 is not one of the public Internet",
  ],
] as const) {
  test(`${JSON.stringify(url)} is refused: ${problem}`, () => {
    assert.throws(() => parseTargetUrl(url, STRICT), { name: "TargetUrlError", message: problem });
  });
}

test("a name on the port of https is taken as it is", () => {
  const url = parseTargetUrl("https://shop.example/hook?key=1", STRICT);
  assert.equal(url.href, "https://shop.example/hook?key=1");
});

test("a public address is taken", () => {
  assert.equal(parseTargetUrl("https://[2606:4700::1111]/", STRICT).hostname, "[2606:4700::1111]");
});

test("settings open http, ports and networks", () => {
  const open = {
    allowHttp: true,
    allowedPorts: parsePorts("443, 8000-8100"),
    allowedPrivateNetworks: [parseNetwork("127.0.0.0/8")],
  };
  assert.equal(parseTargetUrl("http://127.0.0.1:8093/", open).port, "8093");
  assert.throws(() => parseTargetUrl("http://127.0.0.1/", open), /port 80 is not allowed/);
});

for (const text of ["", "x", "0", "65536", "443,", "9-8", "1-2-3", "-1"]) {
  test(`${JSON.stringify(text)} is refused as ports`, () => {
    assert.throws(() => parsePorts(text), /ports are given like 443,8000-8999, from 1 to 65535/);
  });
}
