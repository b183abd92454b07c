// One file of an entry point and all that it needs: minified, without what nothing uses, with a
// source map that leads to the TypeScript.
//
//   bundle.mjs ENTRY.js OUT.mjs META.json [PACKAGE-LEFT-OUT ...]
//
// META.json is esbuild's list of what went in. A package that is left out may end in `*`.

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { build } from "esbuild";

const ROOT = process.cwd();
// Where the outputs of this build are, as seen from any execution root.
const OUTPUTS = ROOT.slice(ROOT.indexOf("/bazel-out/"));
const LOOKED_UP = Symbol("looked up");

// Packages in CommonJS call `require`, which a module has not.
const REQUIRE =
  'import{createRequire}from"node:module";const require=createRequire(import.meta.url);';

/**
 * Keeps esbuild in Bazel's sandbox. It follows links, and there every file is a link out of it: files
 * that are no inputs would be found, and paths in the map would name the machine's folders.
 */
const insideSandbox = {
  name: "inside-sandbox",
  setup(builder) {
    builder.onResolve({ filter: /./ }, async ({ path, pluginData, ...where }) => {
      if (pluginData === LOOKED_UP) {
        return undefined;
      }
      const found = await builder.resolve(path, { ...where, pluginData: LOOKED_UP });
      const isFile = found.errors.length === 0 && !found.external && found.namespace === "file";
      return isFile ? { ...found, path: inside(found.path) } : found;
    });
  },
};

function inside(path) {
  const at = path.indexOf(`${OUTPUTS}/`);
  return at < 0 ? path : ROOT + path.slice(at + OUTPUTS.length);
}

/** Names sources by their place in the tree: the bundle runs elsewhere than beside them. */
function asInTheTree(text, folder) {
  const map = JSON.parse(text);
  const sources = map.sources.map((source) => relative(ROOT, resolve(folder, source)));
  return JSON.stringify({ ...map, sources });
}

const [entry, out, meta, ...leftOut] = process.argv.slice(2);
const { metafile, outputFiles } = await build({
  absWorkingDir: ROOT,
  banner: { js: REQUIRE },
  bundle: true,
  entryPoints: [entry],
  external: leftOut,
  format: "esm",
  legalComments: "eof",
  logLevel: "warning",
  // Packages that have both are smaller as modules: what is not used can be told.
  mainFields: ["module", "main"],
  metafile: true,
  minify: true,
  outfile: out,
  platform: "node",
  plugins: [insideSandbox],
  sourcemap: "linked",
  sourcesContent: false,
  target: "node24",
  treeShaking: true,
  write: false,
});
await mkdir(dirname(out), { recursive: true });
for (const { path, text } of outputFiles) {
  await writeFile(path, path.endsWith(".map") ? asInTheTree(text, dirname(path)) : text);
}
await writeFile(meta, JSON.stringify(metafile, undefined, "\t"));
