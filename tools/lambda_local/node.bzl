"""The toolchain's Node.js as a file, for programs that start it themselves."""

_TOOLCHAIN = "@rules_nodejs//nodejs:runtime_toolchain_type"

def _node_impl(ctx):
    info = ctx.toolchains[_TOOLCHAIN].nodeinfo
    if info.node:
        output = ctx.actions.declare_file(ctx.label.name)
        ctx.actions.symlink(
            output = output,
            target_file = info.node,
            is_executable = True,
        )
        return [DefaultInfo(files = depset([output]), runfiles = ctx.runfiles([output, info.node]))]

    # A toolchain that is a path on the machine.
    output = ctx.actions.declare_symlink(ctx.label.name)
    ctx.actions.symlink(
        output = output,
        target_path = info.node_path,
    )
    return [DefaultInfo(files = depset([output]), runfiles = ctx.runfiles([output]))]

node = rule(
    implementation = _node_impl,
    doc = "A link, named like the target, to the Node.js of the target platform's toolchain.",
    toolchains = [_TOOLCHAIN],
)
