import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";

const FOLDER = resolve("tools/build/typescript/tests/example/bundled");
const BUNDLE = `${FOLDER}/main.mjs`;

function run(script: string, ...options: string[]): string {
  const program = `const bundle = await import(${JSON.stringify(BUNDLE)}); ${script}`;
  return execFileSync(process.execPath, [...options, "--input-type=module", "--eval", program], {
    encoding: "utf8",
  }).trim();
}

test("the bundle does what its modules do", () => {
  assert.equal(run("console.log(bundle.greet('ann'))"), "HELLO ANN!");
});

test("what nothing uses is left out", () => {
  const text = readFileSync(BUNDLE, "utf8");
  assert.match(text, /toUpperCase/);
  assert.doesNotMatch(text, /toLowerCase|whispered/);
});

test("a stack trace names the TypeScript and its line", () => {
  const stack = run(
    "try { bundle.fail() } catch (error) { console.log(error.stack) }",
    "--enable-source-maps",
  );
  assert.match(stack, /main\.ts:8:\d+/);
});

test("sources are named by their place in the tree, and no path of the machine is there", () => {
  const { sources } = JSON.parse(readFileSync(`${BUNDLE}.map`, "utf8")) as { sources: string[] };
  const folder = "tools/build/typescript/tests/example";
  assert.deepEqual(sources, [`${folder}/words.ts`, `${folder}/main.ts`]);
  assert.doesNotMatch(readFileSync(BUNDLE, "utf8"), /execroot|bazel-out/);
});

test("the list of inputs names each module by its place in the tree", () => {
  const { inputs } = JSON.parse(readFileSync(`${FOLDER}/inputs.json`, "utf8")) as {
    inputs: Record<string, unknown>;
  };
  assert.deepEqual(Object.keys(inputs).sort(), [
    "tools/build/typescript/tests/example/main.js",
    "tools/build/typescript/tests/example/words.js",
  ]);
});
