"""The rule that unpacks programs which somebody else has built."""

def _unpacked_programs_impl(ctx):
    output = ctx.actions.declare_directory(ctx.label.name)
    args = ctx.actions.args()
    args.add("--archive", ctx.file.archive)
    args.add_all(ctx.attr.keep, before_each = "--keep")
    args.add("--output", output.path)
    ctx.actions.run(
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = [ctx.file.archive],
        outputs = [output],
        mnemonic = "GranaryUnpack",
        progress_message = "Unpacking programs into %{output}",
    )
    return [DefaultInfo(
        files = depset([output]),
        runfiles = ctx.runfiles([output]),
    )]

unpacked_programs = rule(
    implementation = _unpacked_programs_impl,
    doc = "Makes a folder, named like the target, with files of an archive under their own paths.",
    attrs = {
        "archive": attr.label(
            allow_single_file = [
                ".jar",
                ".tar",
            ],
            doc = "A tar, or a jar with a tar inside.",
            mandatory = True,
        ),
        "keep": attr.string_list(
            doc = "Patterns of paths; `*` stops at a slash, `**` does not. Each must match a file.",
            mandatory = True,
        ),
        "_tool": attr.label(
            default = "//tools/local_server:unpack",
            executable = True,
            cfg = "exec",
        ),
    },
)
