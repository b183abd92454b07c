import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { Webhook } from "standardwebhooks";
import { readSettings } from "../settings.js";
import { isGenuine } from "./readme_snippet.js";

const README = await readFile("functions/order_webhook/README.md", "utf8");
const LEAST = { DEAD_LETTERS_QUEUE_URL: "https://sqs.example/1/dead.fifo" };
const SECRET = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;
const NEW_SECRET = `whsec_${Buffer.alloc(32, 2).toString("base64")}`;
const BODY = '{"name":"Zoë"}';

/** Signs with the reference library, as order_webhook does for some seconds ago. */
function headersOf(secrets: readonly string[], ageSeconds = 0): Record<string, string> {
  const time = new Date(Date.now() - 1000 * ageSeconds);
  return {
    "webhook-id": "o1.1",
    "webhook-timestamp": String(Math.floor(time.getTime() / 1000)),
    "webhook-signature": secrets
      .map((each) => new Webhook(each).sign("o1.1", time, BODY))
      .join(" "),
  };
}

function verdict(headers: Readonly<Record<string, string | undefined>>, body = BODY): boolean {
  return isGenuine(SECRET, headers, Buffer.from(body));
}

test("the snippet takes what is signed with its secret", () => {
  assert.equal(verdict(headersOf([SECRET])), true);
  assert.equal(verdict(headersOf([SECRET], 290)), true);
});

test("the snippet takes what is signed with an old and a new secret", () => {
  assert.equal(verdict(headersOf([SECRET, NEW_SECRET])), true);
  assert.equal(verdict(headersOf([NEW_SECRET, SECRET])), true);
});

test("the snippet refuses another secret", () => {
  assert.equal(verdict(headersOf([NEW_SECRET])), false);
});

test("the snippet refuses a changed body", () => {
  assert.equal(verdict(headersOf([SECRET]), `${BODY} `), false);
});

test("the snippet refuses another id", () => {
  assert.equal(verdict({ ...headersOf([SECRET]), "webhook-id": "o1.2" }), false);
});

test("the snippet refuses a timestamp that is old, to come, changed or none", () => {
  const now = headersOf([SECRET]);
  const later = String(Number(now["webhook-timestamp"]) + 1);
  assert.equal(verdict(headersOf([SECRET], 310)), false);
  assert.equal(verdict(headersOf([SECRET], -310)), false);
  assert.equal(verdict({ ...now, "webhook-timestamp": later }), false);
  assert.equal(verdict({ ...now, "webhook-timestamp": "now" }), false);
});

for (const header of ["webhook-id", "webhook-timestamp", "webhook-signature"]) {
  test(`the snippet refuses a request without ${header}`, () => {
    assert.equal(verdict({ ...headersOf([SECRET]), [header]: undefined }), false);
  });
}

for (const signature of ["", "v1", "v1,", "v1,AAAA", "v2,AAAA", " , ", "é"]) {
  test(`the snippet refuses the signature ${JSON.stringify(signature)}`, () => {
    assert.equal(verdict({ ...headersOf([SECRET]), "webhook-signature": signature }), false);
  });
}

/** Returns the rows of the table of settings: a variable and its default. */
function documented(): Map<string, string> {
  const [, section = ""] = /^## Settings\n(.*?)^## /ms.exec(README) ?? [];
  const rows = section.matchAll(/^\| `([A-Z_]+)` \| (.*?) \|/gm);
  return new Map([...rows].map(([, name = "", value = ""]) => [name, value.replaceAll("`", "")]));
}

test("every setting is documented, and no other", () => {
  const read = new Set<string>();
  const environment = new Proxy<Record<string, string>>(LEAST, {
    get: (target, name) => {
      read.add(String(name));
      return Reflect.get(target, name);
    },
  });
  readSettings(environment);
  assert.deepEqual([...documented().keys()].toSorted(), [...read].toSorted());
});

test("documented defaults are those of the code", () => {
  const plain = (environment: Record<string, string>): unknown => {
    const { allowedPorts, ...settings } = readSettings({ ...LEAST, ...environment });
    const ports = Array.from({ length: 65_535 }, (_, index) => allowedPorts.has(index + 1));
    return { ...settings, ports };
  };
  for (const [name, value] of documented()) {
    if (value !== "mandatory" && value !== "none") {
      assert.deepEqual(plain({ [name]: value }), plain({}), name);
    }
  }
});
