import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { parseSecret, signatureHeaders } from "../signature.js";

// The vector of the specification's own libraries.
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const SIGNED = {
  id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  timestamp: 1_614_265_330,
  body: Buffer.from('{"test": 2432232314}'),
};

test("the published vector gives the published signature", () => {
  assert.deepEqual(signatureHeaders(SIGNED, [parseSecret(SECRET)]), {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  });
});

test("the reference library verifies what is signed, with any of the secrets", () => {
  const secret = fc
    .uint8Array({ minLength: 24, maxLength: 64 })
    .map((bytes) => `whsec_${Buffer.from(bytes).toString("base64")}`);
  fc.assert(
    fc.property(
      fc.array(secret, { minLength: 1, maxLength: 5 }),
      fc.string({ unit: "grapheme" }),
      fc.string({ minLength: 1, unit: fc.constantFrom(..."aZ09-_.") }),
      (secrets, text, id) => {
        const timestamp = Math.floor(Date.now() / 1000);
        const signed = { id, timestamp, body: Buffer.from(text) };
        const headers = signatureHeaders(signed, secrets.map(parseSecret));
        for (const each of secrets) {
          new Webhook(each).verify(text, headers, { jsonParse: false });
        }
      },
    ),
  );
});

test("a secret that is none is refused without being told", () => {
  const short = randomBytes(23).toString("base64");
  const long = randomBytes(65).toString("base64");
  for (const [text, message] of [
    ["", "a secret is whsec_ and base64"],
    ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "a secret is whsec_ and base64"],
    ["whsec_", "a secret is whsec_ and base64"],
    ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa-w", "a secret is whsec_ and base64"],
    ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAA", "a secret is whsec_ and base64"],
    ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw==", "a secret is whsec_ and base64"],
    [`whsec_${short}`, "a secret has 24 to 64 bytes, not 23"],
    [`whsec_${long}`, "a secret has 24 to 64 bytes, not 65"],
  ] as const) {
    assert.throws(() => parseSecret(text), { name: "SecretError", message });
  }
});
