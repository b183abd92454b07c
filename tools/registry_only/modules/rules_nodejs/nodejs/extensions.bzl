"""The `node` extension: the Node.js of the root filesystem, and no other."""

_NODE = "/usr/bin/node"

_BUILD = """\
load("@rules_nodejs//nodejs:toolchain.bzl", "node_toolchain")

node_toolchain(
    name = "node",
    node_path = "{node}",
)

toolchain(
    name = "toolchain",
    toolchain = ":node",
    toolchain_type = "@rules_nodejs//nodejs:runtime_toolchain_type",
)
"""

def _toolchains_impl(rctx):
    done = rctx.execute([_NODE, "--version"])
    if done.return_code != 0:
        fail("{} --version: {}".format(_NODE, done.stderr))
    found = done.stdout.strip().removeprefix("v")
    wanted = rctx.attr.node_version
    if wanted and found.split(".")[0] != wanted.split(".")[0]:
        fail("node.toolchain: node_version is \"{}\"; this stand-in has {} only".format(wanted, found))
    rctx.file("BUILD.bazel", _BUILD.format(node = _NODE))

_toolchains = repository_rule(
    implementation = _toolchains_impl,
    attrs = {"node_version": attr.string()},
)

def _node_impl(module_ctx):
    # The root module comes first; the stand-in's own tag names no version.
    versions = [
        tag.node_version
        for module in module_ctx.modules
        for tag in module.tags.toolchain
        if tag.node_version
    ]
    _toolchains(
        name = "nodejs_toolchains",
        node_version = versions[0] if versions else "",
    )

node = module_extension(
    implementation = _node_impl,
    tag_classes = {
        "toolchain": tag_class(attrs = {"node_version": attr.string()}),
    },
)
