"""js_library: files that go together."""

load(":copy_to_bin.bzl", "copy_to_bin")
load(":js_info.bzl", "js_info", "runtime_files")

def _js_library_impl(ctx):
    files = [copy_to_bin(ctx, file) for file in ctx.files.srcs]
    data = [copy_to_bin(ctx, file) for file in ctx.files.data]
    types = [file for file in files if file.path.endswith(_TYPES)]
    sources = depset([file for file in files if not file.path.endswith(_TYPES)])
    targets = ctx.attr.srcs + ctx.attr.deps
    return [
        DefaultInfo(
            files = sources,
            runfiles = ctx.runfiles(data, transitive_files = depset(
                transitive = [sources, runtime_files(targets + ctx.attr.data)],
            )),
        ),
        js_info(
            target = ctx.label,
            sources = sources,
            types = depset(types),
            deps = targets,
        ),
    ]

_TYPES = (".d.ts", ".d.mts", ".d.cts")

js_library = rule(
    implementation = _js_library_impl,
    attrs = {
        "data": attr.label_list(allow_files = True),
        "deps": attr.label_list(),
        "srcs": attr.label_list(allow_files = True),
    },
)
