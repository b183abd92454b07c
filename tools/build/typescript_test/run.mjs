// Runs the test files named on the command line with node:test, as Bazel's test protocol wants it.
//
// A file that holds no test fails, and so does a test that is skipped or left to do: either would
// look like a test that passes. A --test_filter that selects no test fails too.
// See https://bazel.build/reference/test-encyclopedia for the variables.
import { createWriteStream } from "node:fs";
import { resolve } from "node:path";
import { run } from "node:test";
import { junit, spec } from "node:test/reporters";

const { TESTBRIDGE_TEST_ONLY: selected, XML_OUTPUT_FILE: report } = process.env;
const files = process.argv.slice(2);
const paths = files.map((file) => resolve(file));
const filesThatRan = new Set();

const events = run({
  files: paths,
  // All in this process: Bazel separates targets, and a process a file costs 40 ms.
  isolation: "none",
  ...(selected ? { testNamePatterns: [selected] } : {}),
});
for (const outcome of ["test:pass", "test:fail"]) {
  events.on(outcome, ({ details, file, name, skip, todo }) => {
    const isLeftOut = skip !== undefined || todo !== undefined;
    if (outcome === "test:fail") {
      process.exitCode = 1;
    } else if (isLeftOut) {
      fail(`${name}: skipped or left to do`);
    }
    // Node.js makes a file that registers no test a test of its own, named by its path.
    if (details.type !== "suite" && !isLeftOut && !paths.includes(name)) {
      // Source maps turn .js into .ts, and the folder may be seen through a link.
      filesThatRan.add(files.find((own) => withoutSuffix(file).endsWith(`/${withoutSuffix(own)}`)));
    }
  });
}
events.on("end", () => {
  if (selected && filesThatRan.size === 0) {
    fail(`no test has a name like ${selected}`);
  }
  for (const file of selected ? [] : files.filter((own) => !filesThatRan.has(own))) {
    fail(`${file}: no test ran`);
  }
});
events.compose(spec).pipe(process.stdout);
if (report) {
  events.compose(junit).pipe(createWriteStream(report));
}

function fail(reason) {
  console.error(reason);
  process.exitCode = 1;
}

function withoutSuffix(file) {
  return file.replace(/\.[jt]s$/, "");
}
