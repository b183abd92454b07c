// From a contract's JSON Schema to what TypeScript needs of it: its types, and a validator.
//
//   generate.mjs SCHEMA TYPES.ts VALIDATOR.cjs VALIDATOR.d.cts
//
// Types come from json-schema-to-typescript, the validator from Ajv's standalone code, which is
// small and uses no eval. The validator is CommonJS because Ajv's own runtime, which it may require,
// is.

import { readFile, writeFile } from "node:fs/promises";
import Ajv2020 from "ajv/dist/2020.js";
import standaloneCode from "ajv/dist/standalone/index.js";
import { compile } from "json-schema-to-typescript";

// RFC 3339; a pattern, because Ajv would require a format's function from a package at run time.
const DATE_TIME =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

const HEAD = "// Made from SCHEMA by //libs/contracts/typescript:generate.\n";

/** A union of models that name themselves in `type`: Ajv then reports on the model that is meant. */
function discriminated(schema) {
  const isUnion = Array.isArray(schema.oneOf) && schema.oneOf.every(({ $ref }) => $ref);
  return isUnion ? { ...schema, type: "object", discriminator: { propertyName: "type" } } : schema;
}

/** Without titles, of which each would become a type of its own. */
function forTypes(node) {
  if (Array.isArray(node)) {
    return node.map(forTypes);
  }
  if (node === null || typeof node !== "object") {
    return node;
  }
  const entries = Object.entries(node).filter(
    ([key, value]) => !(key === "title" && typeof value === "string"),
  );
  return Object.fromEntries(entries.map(([key, value]) => [key, forTypes(value)]));
}

async function typesOf({ $id, title, ...schema }) {
  return await compile(forTypes(schema), title, {
    additionalProperties: false,
    bannerComment: "",
  });
}

function validatorOf(schema) {
  const ajv = new Ajv2020({
    code: { lines: true, source: true },
    discriminator: true,
    formats: { "date-time": DATE_TIME },
    // A keyword that Ajv does not know is a mistake, not a comment.
    strict: true,
    strictRequired: false,
    strictTypes: false,
  });
  return standaloneCode(ajv, ajv.compile(discriminated(schema)));
}

const [schemaPath, typesPath, validatorPath, declarationPath] = process.argv.slice(2);
const schema = JSON.parse(await readFile(schemaPath, "utf8"));
const head = HEAD.replace("SCHEMA", schema.$id);

await writeFile(typesPath, head + (await typesOf(schema)));
await writeFile(validatorPath, head + validatorOf(schema));
await writeFile(
  declarationPath,
  `${head}
import type { ErrorObject } from "ajv";

/** Says whether a value keeps the contract; \`errors\` then are those of the last value. */
declare const validate: {
	(value: unknown): boolean;
	errors?: ErrorObject[] | null;
};
export = validate;
`,
);
