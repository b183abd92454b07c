"""The rule that writes lines with the version and the commit of the build.

With `--stamp` the values come from the workspace status (tools/build/workspace_status.sh). Without it they
are constants, so that equal sources give equal digests whatever the commit is.
"""

_VALUES = {
    # Placeholder: workspace status key, value without --stamp.
    "version": ("STABLE_GRANARY_VERSION", "0.0.0-dev"),
    "revision": ("STABLE_GIT_COMMIT", "unknown"),
}

def _stamped_lines_impl(ctx):
    if not ctx.attr.stamp:
        lines = ctx.attr.unstamped_lines if ctx.attr.has_unstamped_lines else ctx.attr.lines
        constants = {key: value for key, (_, value) in _VALUES.items()}
        ctx.actions.write(ctx.outputs.out, "".join([line.format(**constants) + "\n" for line in lines]))
    else:
        args = ctx.actions.args()
        args.add("--status", ctx.info_file)
        args.add("--output", ctx.outputs.out)
        for key, (status_key, default) in _VALUES.items():
            args.add("--value", "{}={}={}".format(key, status_key, default))
        args.add_all(ctx.attr.lines, before_each = "--line")
        ctx.actions.run(
            executable = ctx.executable._tool,
            arguments = [args],
            inputs = [ctx.info_file],
            outputs = [ctx.outputs.out],
            mnemonic = "GranaryStamp",
            progress_message = "Stamping %{output}",
        )
    return [DefaultInfo(files = depset([ctx.outputs.out]))]

_stamped_lines = rule(
    implementation = _stamped_lines_impl,
    attrs = {
        "lines": attr.string_list(mandatory = True),
        "unstamped_lines": attr.string_list(),
        "has_unstamped_lines": attr.bool(),
        "out": attr.output(mandatory = True),
        "stamp": attr.bool(),
        "_tool": attr.label(
            default = "//tools/build/image:stamp",
            executable = True,
            cfg = "exec",
        ),
    },
)

def stamped_lines(name, out, lines, unstamped_lines = None, **kwargs):
    """Writes a text file.

    Args:
        name: the target's name.
        out: the file's name.
        lines: the lines, with `{version}` and `{revision}` where the values go.
        unstamped_lines: what to write instead without `--stamp`; by default the same lines.
        **kwargs: common attributes.
    """
    _stamped_lines(
        name = name,
        out = out,
        has_unstamped_lines = unstamped_lines != None,
        lines = lines,
        stamp = select({
            Label("//tools/build/image:is_stamped"): True,
            "//conditions:default": False,
        }),
        unstamped_lines = unstamped_lines or [],
        **kwargs
    )
