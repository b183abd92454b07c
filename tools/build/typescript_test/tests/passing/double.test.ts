import assert from "node:assert/strict";
import { test } from "node:test";

import { double } from "./double.js";

test("a number is doubled", () => {
  assert.equal(4, double(2));
});
