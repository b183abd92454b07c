"""js_run_binary: a js_binary as an action, in the root of the output tree."""

load(":copy_to_bin.bzl", "copy_to_bin")
load(":js_binary.bzl", "JsBinaryInfo", "NODE_TOOLCHAIN")
load(":js_info.bzl", "runtime_files")

def _js_run_binary_impl(ctx):
    tool = ctx.attr.tool[JsBinaryInfo]
    out_dirs = [ctx.actions.declare_directory(name) for name in ctx.attr.out_dirs]
    outputs = ctx.outputs.outs + out_dirs
    captured = {}
    for name in ["stdout", "stderr"]:
        file = getattr(ctx.outputs, name)
        if file:
            captured[name] = file.path
            outputs = outputs + [file]
    if not outputs:
        fail("{}: outs, out_dirs, stdout and stderr are all empty".format(ctx.label))
    inputs = depset(
        [copy_to_bin(ctx, file) for file in ctx.files.srcs],
        transitive = [tool.files, runtime_files(ctx.attr.srcs, types = ctx.attr.include_types)],
    )
    known = ctx.attr.srcs + [ctx.attr.tool]
    args = ctx.actions.args()
    args.add(ctx.bin_dir.path)
    args.add(ctx.attr.chdir or tool.chdir or ".")
    args.add(captured.get("stdout", ""))
    args.add(captured.get("stderr", ""))
    args.add("1" if ctx.attr.silent_on_success else "")
    args.add(ctx.toolchains[NODE_TOOLCHAIN].nodeinfo.node_path)
    args.add("--preserve-symlinks-main")
    args.add_all(tool.node_options)
    args.add("--")
    args.add(tool.entry_point)
    args.add_all(tool.fixed_args)
    for value in ctx.attr.args_:
        args.add(ctx.expand_location(value, known))
    ctx.actions.run(
        executable = ctx.file._runner,
        arguments = [args],
        inputs = inputs,
        outputs = outputs,
        env = tool.env | {
            "BAZEL_BINDIR": ctx.bin_dir.path,
            "BAZEL_PACKAGE": ctx.label.package,
        } | {name: ctx.expand_location(value, known) for name, value in ctx.attr.env.items()},
        mnemonic = ctx.attr.mnemonic,
        progress_message = ctx.attr.progress_message or "Running {} %{{label}}".format(ctx.attr.mnemonic),
    )
    return [DefaultInfo(files = depset(outputs), runfiles = ctx.runfiles(outputs))]

_js_run_binary = rule(
    implementation = _js_run_binary_impl,
    attrs = {
        "args_": attr.string_list(),
        "chdir": attr.string(),
        "env": attr.string_dict(),
        "include_types": attr.bool(),
        "mnemonic": attr.string(),
        "out_dirs": attr.string_list(),
        "outs": attr.output_list(),
        "progress_message": attr.string(),
        "silent_on_success": attr.bool(),
        "srcs": attr.label_list(allow_files = True),
        "stderr": attr.output(),
        "stdout": attr.output(),
        "tool": attr.label(
            mandatory = True,
            providers = [JsBinaryInfo],
        ),
        "_runner": attr.label(
            default = Label("//js/private:run.sh"),
            allow_single_file = True,
        ),
    },
    toolchains = [NODE_TOOLCHAIN],
)

def js_run_binary(
        name,
        tool,
        args = [],
        mnemonic = "JsRunBinary",
        silent_on_success = True,
        use_execroot_entry_point = True,  # buildifier: disable=unused-variable
        **kwargs):
    """Runs a js_binary as an action.

    Args:
        name: the target's name.
        tool: the js_binary.
        args: its arguments; paths are relative to the output tree, as `$(rootpath)` gives them.
        mnemonic: the kind of action.
        silent_on_success: whether what it prints is shown only when it fails.
        use_execroot_entry_point: of no effect here, where programs and their packages are always this
            machine's.
        **kwargs: srcs, outs, out_dirs, stdout, stderr, env, chdir, include_types, progress_message, and what
            every rule has.
    """
    _js_run_binary(
        name = name,
        tool = tool,
        args_ = args,
        mnemonic = mnemonic,
        silent_on_success = silent_on_success,
        **kwargs
    )
