"""The toolchain that says where Node.js is."""

def _node_toolchain_impl(ctx):
    return [platform_common.ToolchainInfo(
        nodeinfo = struct(
            node = None,
            node_path = ctx.attr.node_path,
        ),
    )]

node_toolchain = rule(
    implementation = _node_toolchain_impl,
    attrs = {
        "node_path": attr.string(
            doc = "An absolute path.",
            mandatory = True,
        ),
    },
)
