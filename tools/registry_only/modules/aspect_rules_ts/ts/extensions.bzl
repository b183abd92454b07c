"""The `typescript` extension: the compiler that the workspace's own pnpm-lock.yaml pins."""

_BUILD = """\
load("@aspect_rules_js//npm/private:bin.bzl", "bin_macros")

_bin = bin_macros("@@//:node_modules/typescript", {"tsc": "bin/tsc"})

_bin.tsc_binary(
    name = "tsc",
    visibility = ["//visibility:public"],
)
"""

def _compiler_impl(rctx):
    wanted = json.decode(rctx.read(rctx.attr.version_from)).get("devDependencies", {}).get("typescript", "")
    if not wanted or not wanted.replace(".", "").isdigit():
        fail("{}: devDependencies.typescript is \"{}\", not an exact version".format(
            rctx.attr.version_from,
            wanted,
        ))
    rctx.file("BUILD.bazel", _BUILD, executable = False)

_compiler = repository_rule(
    implementation = _compiler_impl,
    attrs = {"version_from": attr.label(mandatory = True)},
)

def _typescript_impl(module_ctx):
    for module in module_ctx.modules:
        for tag in module.tags.deps:
            _compiler(
                name = "npm_typescript",
                version_from = tag.version_from,
            )

typescript = module_extension(
    implementation = _typescript_impl,
    tag_classes = {
        "deps": tag_class(attrs = {"version_from": attr.label(mandatory = True)}),
    },
)
