"""Sources are copied to the output tree: there, and only there, are the npm packages."""

# What Bazel reads as UTF-8 and can copy by itself: a process for each of many files took a second.
_TEXT = (".cjs", ".js", ".json", ".mjs", ".ts")

def copy_to_bin(ctx, file):
    """Returns a file of the output tree with the content of `file`.

    Args:
        ctx: the rule's context.
        file: a file; one that some action makes is returned as it is.

    Returns:
        A file.
    """
    if not file.is_source:
        return file
    if file.owner.package != ctx.label.package or file.owner.workspace_name != ctx.label.workspace_name:
        fail(("{}: {} is a source file of another package, and cannot be copied to the output tree " +
              "from here: give it to a js_library there").format(ctx.label, file.owner))
    copy = ctx.actions.declare_file(file.owner.name)
    if file.path.endswith(_TEXT):
        ctx.actions.expand_template(
            template = file,
            output = copy,
            substitutions = {},
        )
        return copy
    ctx.actions.run(
        executable = "/usr/bin/cp",
        arguments = ["--preserve=mode", file.path, copy.path],
        inputs = [file],
        outputs = [copy],
        mnemonic = "CopyFile",
        progress_message = "Copying %{input}",
    )
    return copy
