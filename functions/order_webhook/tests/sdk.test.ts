import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const FOLDER = "functions/order_webhook/with_sdk";

test("with the AWS SDK in it, the bundle is imported where there is nothing else", () => {
  const folder = mkdtempSync(join(tmpdir(), "with-sdk-"));
  const file = join(folder, "handler.mjs");
  copyFileSync(`${FOLDER}/handler.mjs`, file);
  const program = `console.log(typeof (await import(${JSON.stringify(file)})).handler)`;
  const said = execFileSync(process.execPath, ["--input-type=module", "--eval", program], {
    cwd: folder,
    encoding: "utf8",
    // The rest is for the toolchain's Node.js, which may be a script.
    env: {
      ...process.env,
      AWS_REGION: "us-east-1",
      DEAD_LETTERS_QUEUE_URL: "http://127.0.0.1/queue",
    },
  });
  assert.equal(said.trim(), "function");
});

test("what the bundle has of the AWS SDK is the lock's", () => {
  const { inputs } = JSON.parse(readFileSync(`${FOLDER}/inputs.json`, "utf8")) as {
    inputs: Record<string, unknown>;
  };
  const ofTheSdk = Object.keys(inputs).filter((path) => path.includes("/@aws-sdk/client-"));
  assert.ok(ofTheSdk.length > 10);
  assert.ok(ofTheSdk.every((path) => path.startsWith("node_modules/.aspect_rules_js/@aws-sdk+")));
});
