"""bundle: one JavaScript file, and its source map, of an entry point and all that it needs."""

load("@aspect_rules_js//js:defs.bzl", "js_run_binary")

def bundle(name, entry, srcs, left_out = [], **kwargs):
    """Makes `<name>/<entry>.mjs`, `<name>/<entry>.mjs.map` and `<name>/inputs.json`.

    Args:
        name: the target's name.
        entry: the module to begin with, without its ending, in the calling package.
        srcs: ts_project or js_library targets: the entry point and, through their `deps`, the rest.
        left_out: packages that are there at run time, in esbuild's notation for `external`.
        **kwargs: passed on to js_run_binary, such as `tags` and `visibility`.
    """
    outs = ["{}/{}".format(name, file) for file in [entry + ".mjs", entry + ".mjs.map", "inputs.json"]]
    package = native.package_name()
    js_run_binary(
        name = name,
        srcs = srcs,
        outs = outs,
        args = [
            # The tool's working folder is the one of all outputs.
            "{}/{}.js".format(package, entry),
            "{}/{}".format(package, outs[0]),
            "{}/{}".format(package, outs[2]),
        ] + left_out,
        mnemonic = "GranaryBundle",
        progress_message = "Bundling %{label}",
        tool = Label("//tools/build/typescript:bundler"),
        # Else the tool's own packages would be the target platform's: another machine's esbuild.
        use_execroot_entry_point = False,
        **kwargs
    )
