// Keeps every module in the runfiles. They are links into the output tree, which Node.js follows:
// there a module would find its neighbours whether or not the target declares them.
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";

const { JS_BINARY__BINDIR, JS_BINARY__RUNFILES, JS_BINARY__WORKSPACE } = process.env;
const runfiles = `${JS_BINARY__RUNFILES}/${JS_BINARY__WORKSPACE}/`;
const marker = `/execroot/${JS_BINARY__WORKSPACE}/${JS_BINARY__BINDIR}/`;

registerHooks({
  resolve(specifier, context, nextResolve) {
    const found = nextResolve(specifier, context);
    if (found.url.startsWith("file:") && !found.url.includes(".runfiles/")) {
      const start = found.url.indexOf(marker);
      if (start !== -1) {
        return {
          ...found,
          url: pathToFileURL(runfiles).href + found.url.slice(start + marker.length),
        };
      }
    }
    return found;
  },
});
