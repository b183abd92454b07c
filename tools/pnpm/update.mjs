// Resolves every package.json of the workspace into pnpm-lock.yaml.
//
// Usage: bazel run //:pnpm.update [-- update --latest NAME ...]
//
// Arguments are a command of pnpm and its options. Without any, pins that still fit are kept.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

// Its package.json is all that the package lets others import.
const pnpm = join(dirname(createRequire(import.meta.url).resolve("pnpm")), "bin/pnpm.cjs");
const [command = "install", ...options] = process.argv.slice(2);
// Packages are Bazel's to bring, and nothing may be written beside the lock.
const always = ["--lockfile-only", "--ignore-scripts", "--no-frozen-lockfile"];
const done = spawnSync(process.execPath, [pnpm, command, ...always, ...options], {
  cwd: process.env.BUILD_WORKSPACE_DIRECTORY,
  // pnpm reads the lower case alone; tools/bazel sets the other, where it sets any.
  env: { npm_config_registry: process.env.NPM_CONFIG_REGISTRY, ...process.env },
  stdio: "inherit",
});
if (done.error) {
  throw done.error;
}
process.exitCode = done.status ?? 1;
