import assert from "node:assert/strict";
import { test } from "node:test";
import ts from "typescript";

const SOURCE = "functions/order_webhook/payload.ts";
// Generated, or declared by the compiler of what was generated: it takes what it finds.
const TYPES = /\/order_events_types\.(d\.)?ts$/;
const OPTIONS: ts.CompilerOptions = {
  module: ts.ModuleKind.NodeNext,
  noEmit: true,
  strict: true,
  target: ts.ScriptTarget.ES2023,
  types: [],
};

/** Compiles payload.ts against the contract's types as they are, or as `change` leaves them. */
function problems(change: (types: string) => string): string[] {
  const host = ts.createCompilerHost(OPTIONS);
  const read = host.readFile.bind(host);
  host.getSourceFile = (file, target) => {
    const text = read(file) ?? "";
    return ts.createSourceFile(file, TYPES.test(file) ? change(text) : text, target);
  };
  const program = ts.createProgram([SOURCE], OPTIONS, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

test("the function compiles against the contract as it is", () => {
  assert.deepEqual(
    problems((types) => types),
    [],
  );
});

for (const field of [
  "order_id",
  "customer_id",
  "lines",
  "sku",
  "rejection",
  "updated_at",
  "sequence",
]) {
  test(`the function does not compile when ${field} has another name, and is told which`, () => {
    const found = problems((types) => types.replaceAll(` ${field}`, ` renamed_${field}`));
    assert.match(found.join("\n"), new RegExp(`Property '${field}' does not exist`));
  });
}
