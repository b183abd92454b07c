"""ts_project: type-checks TypeScript and makes JavaScript of it."""

load("@aspect_rules_js//js:libs.bzl", "JsBinaryInfo", "NODE_TOOLCHAIN", "copy_to_bin", "runtime_files")
load("@aspect_rules_js//js:providers.bzl", "JsInfo", "js_info")
load(":ts_config.bzl", "TsConfigInfo")

_DECLARATIONS = ".d.ts"

def _output_names(sources, declaration, source_map):
    """Returns the paths of what the compiler makes of sources: JavaScript and maps, declarations."""
    javascript = []
    declarations = []
    for source in sources:
        if source.endswith(_DECLARATIONS):
            continue
        stem = source.removesuffix(".ts")
        javascript.append(stem + ".js")
        if source_map:
            javascript.append(stem + ".js.map")
        if declaration:
            declarations.append(stem + _DECLARATIONS)
    return javascript, declarations

def _ts_project_impl(ctx):
    sources = [copy_to_bin(ctx, file) for file in ctx.files.srcs]
    prefix = ctx.label.package + "/" if ctx.label.package else ""
    for file in sources:
        if not file.short_path.startswith(prefix) or not file.path.endswith(".ts"):
            fail("{}: srcs has {}; it takes .ts files of its own package".format(ctx.label, file.short_path))
    names = [file.short_path.removeprefix(prefix) for file in sources]
    declared = {file.short_path: file for file in ctx.outputs.outs}
    javascript, declarations = [
        [declared.get(prefix + name) or ctx.actions.declare_file(name) for name in some]
        for some in _output_names(names, ctx.attr.declaration, ctx.attr.source_map)
    ]
    given = [file for file in sources if file.path.endswith(_DECLARATIONS)]
    outputs = javascript + declarations
    tsc = ctx.attr.tsc[JsBinaryInfo]
    dependencies = [dep[JsInfo] for dep in ctx.attr.deps if JsInfo in dep]
    inputs = depset(sources, transitive = [
        tsc.files,
        ctx.attr.tsconfig[TsConfigInfo].deps,
    ] + [info.transitive_types for info in dependencies] + [info.npm_sources for info in dependencies])
    args = ctx.actions.args()
    args.add_all([
        ctx.bin_dir.path,
        ".",
        "",
        "",
        "1",
        ctx.toolchains[NODE_TOOLCHAIN].nodeinfo.node_path,
        "--preserve-symlinks-main",
        "--",
        tsc.entry_point,
        "--project",
        ctx.files.tsconfig[0].short_path,
        "--rootDir",
        ctx.label.package or ".",
    ])
    ctx.actions.run(
        executable = ctx.file._runner,
        arguments = [args],
        inputs = inputs,
        outputs = outputs,
        mnemonic = "TsProject",
        progress_message = "Transpiling & type-checking TypeScript project %{label}",
    )
    marker = ctx.actions.declare_file(ctx.label.name + ".validated")
    ctx.actions.run(
        executable = "/usr/bin/python3.13",
        arguments = [
            ctx.file._validate.path,
            str(ctx.label),
            ctx.files.tsconfig[0].path,
            marker.path,
            "declaration=" + str(ctx.attr.declaration).lower(),
            "sourceMap=" + str(ctx.attr.source_map).lower(),
        ],
        inputs = depset([ctx.file._validate], transitive = [ctx.attr.tsconfig[TsConfigInfo].deps]),
        outputs = [marker],
        mnemonic = "TsValidateOptions",
        progress_message = "Validating tsconfig of %{label}",
    )
    files = depset(javascript)
    targets = ctx.attr.srcs + ctx.attr.deps
    return [
        DefaultInfo(
            files = files if javascript else depset(given),
            runfiles = ctx.runfiles(
                [copy_to_bin(ctx, file) for file in ctx.files.data],
                transitive_files = depset(transitive = [files, runtime_files(ctx.attr.data + targets)]),
            ),
        ),
        js_info(
            target = ctx.label,
            sources = files,
            types = depset(declarations + given),
            deps = targets,
        ),
        OutputGroupInfo(
            types = depset(declarations + given),
            _validation = depset([marker]),
        ),
    ]

_ts_project = rule(
    implementation = _ts_project_impl,
    attrs = {
        "data": attr.label_list(allow_files = True),
        "declaration": attr.bool(),
        "deps": attr.label_list(),
        "outs": attr.output_list(),
        "source_map": attr.bool(),
        "srcs": attr.label_list(
            allow_files = True,
            mandatory = True,
        ),
        "tsc": attr.label(
            mandatory = True,
            providers = [JsBinaryInfo],
        ),
        "tsconfig": attr.label(
            allow_files = True,
            mandatory = True,
            providers = [TsConfigInfo],
        ),
        "_validate": attr.label(
            default = Label("//ts/private:validate.py"),
            allow_single_file = True,
        ),
        "_runner": attr.label(
            default = Label("@aspect_rules_js//js/private:run.sh"),
            allow_single_file = True,
        ),
    },
    toolchains = [NODE_TOOLCHAIN],
)

def ts_project(name, srcs, tsconfig, transpiler, declaration = False, source_map = False, **kwargs):
    """Type-checks and compiles TypeScript files of one package.

    Args:
        name: the target's name.
        srcs: .ts files of this package.
        tsconfig: a ts_config.
        transpiler: "tsc".
        declaration: as in the tsconfig.
        source_map: as in the tsconfig.
        **kwargs: deps, data, and what every rule has.
    """
    if transpiler != "tsc":
        fail("the stand-in of aspect_rules_ts: ts_project \"{}\": transpiler is {}; it knows \"tsc\" only".format(name, transpiler))
    files = [src.removeprefix(":") for src in srcs if src.endswith(".ts") and not src.startswith(("//", "@"))]
    javascript, declarations = _output_names(files, declaration, source_map)
    _ts_project(
        name = name,
        srcs = srcs,
        declaration = declaration,
        outs = javascript + declarations,
        source_map = source_map,
        tsc = "@npm_typescript//:tsc",
        tsconfig = tsconfig,
        **kwargs
    )
