"""js_binary and js_test: a script that starts Node.js on a file."""

load(":copy_to_bin.bzl", "copy_to_bin")
load(":js_info.bzl", "runtime_files")

JsBinaryInfo = provider(
    doc = "What js_run_binary needs of a program to run it in the output tree.",
    fields = {
        "chdir": "The folder to start in, relative to the output tree, or \"\".",
        "entry_point": "The path of the script, relative to the output tree.",
        "env": "Variables, a dict.",
        "files": "A depset: the script and what it needs.",
        "fixed_args": "The first arguments.",
        "node_options": "Options for Node.js.",
    },
)

NODE_TOOLCHAIN = Label("@rules_nodejs//nodejs:runtime_toolchain_type")

def _expanded(ctx, value):
    return ctx.expand_location(value, ctx.attr.data)

def _quoted(value):
    return "'" + value.replace("'", "'\\''") + "'"

def _rlocation_path(ctx, short_path):
    if short_path.startswith("../"):
        return short_path.removeprefix("../")
    return "{}/{}".format(ctx.workspace_name, short_path)

def _js_binary_impl(ctx):
    entry_point = copy_to_bin(ctx, ctx.file.entry_point)
    entry_path = entry_point.short_path
    if ctx.attr.entry_point_path:
        entry_path += "/" + ctx.attr.entry_point_path
    files = depset(
        [entry_point] + [copy_to_bin(ctx, file) for file in ctx.files.data],
        transitive = [runtime_files(ctx.attr.data, types = ctx.attr.include_types)],
    )
    env = {name: _expanded(ctx, value) for name, value in ctx.attr.env.items()}
    fixed_args = [_expanded(ctx, value) for value in ctx.attr.fixed_args]
    launcher = ctx.actions.declare_file("{0}_/{0}".format(ctx.label.name))
    ctx.actions.expand_template(
        template = ctx.file._template,
        output = launcher,
        is_executable = True,
        substitutions = {
            "{{bindir}}": ctx.bin_dir.path,
            "{{chdir}}": ctx.attr.chdir,
            "{{entry_point}}": _rlocation_path(ctx, entry_path),
            "{{env}}": "\n".join(["export {}={}".format(name, _quoted(value)) for name, value in env.items()]),
            "{{fixed_args}}": " ".join([_quoted(value) for value in fixed_args]),
            "{{node}}": ctx.toolchains[NODE_TOOLCHAIN].nodeinfo.node_path,
            "{{node_options}}": " ".join([_quoted(value) for value in ctx.attr.node_options]),
            "{{runfiles_hooks}}": _rlocation_path(ctx, ctx.file._runfiles_hooks.short_path),
            "{{workspace}}": ctx.workspace_name,
        },
    )
    return [
        DefaultInfo(
            executable = launcher,
            runfiles = ctx.runfiles([launcher, ctx.file._runfiles_hooks], transitive_files = files),
        ),
        JsBinaryInfo(
            chdir = ctx.attr.chdir,
            entry_point = entry_path,
            env = env,
            files = files,
            fixed_args = fixed_args,
            node_options = ctx.attr.node_options,
        ),
        RunEnvironmentInfo(environment = env),
    ]

_ATTRS = {
    "chdir": attr.string(),
    "data": attr.label_list(allow_files = True),
    "entry_point": attr.label(
        allow_single_file = True,
        mandatory = True,
    ),
    "entry_point_path": attr.string(
        doc = "Not in the real rule, which takes a directory_path instead: a path below entry_point.",
    ),
    "env": attr.string_dict(),
    "fixed_args": attr.string_list(),
    "include_types": attr.bool(),
    "node_options": attr.string_list(),
    "_runfiles_hooks": attr.label(
        default = Label("//js/private:runfiles_hooks.mjs"),
        allow_single_file = True,
    ),
    "_template": attr.label(
        default = Label("//js/private:launcher.sh.tpl"),
        allow_single_file = True,
    ),
}

js_binary = rule(
    implementation = _js_binary_impl,
    attrs = _ATTRS,
    executable = True,
    toolchains = [NODE_TOOLCHAIN],
)

js_test = rule(
    implementation = _js_binary_impl,
    attrs = _ATTRS,
    test = True,
    toolchains = [NODE_TOOLCHAIN],
)
