"""The rule that compresses a layer.

rules_oci takes layers as they come, and pkg_tar's gzip level and header differ between its versions.
One action a layer means that a change recompresses only what changed.
"""

def _compressed_layer_impl(ctx):
    output = ctx.actions.declare_file(ctx.label.name + ".tar.gz")
    args = ctx.actions.args()
    args.add(ctx.file.tar)
    args.add(output)
    ctx.actions.run(
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = [ctx.file.tar],
        outputs = [output],
        mnemonic = "GranaryCompressLayer",
        progress_message = "Compressing %{input}",
    )
    return [DefaultInfo(files = depset([output]))]

compressed_layer = rule(
    implementation = _compressed_layer_impl,
    doc = "Makes `<name>.tar.gz`, whose bytes depend on the tar's only.",
    attrs = {
        "tar": attr.label(allow_single_file = [".tar"], mandatory = True),
        "_tool": attr.label(
            default = "//tools/build/image:compress",
            executable = True,
            cfg = "exec",
        ),
    },
)
