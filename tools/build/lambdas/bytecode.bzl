"""python_bytecode: a Python package's files with their bytecode beside them, for read-only folders.

Lambda mounts a function's folder read-only, so Python could keep no bytecode there and would compile
every module again at each cold start: docs/packaging.md has the figures.
"""

load("@rules_pkg//pkg:providers.bzl", "PackageFilesInfo")

# What the interpreter of Lambda's python3.13 looks for (PEP 3147).
_TAG = "cpython-313"

def _python_bytecode_impl(ctx):
    sources = ctx.attr.files[PackageFilesInfo].dest_src_map
    destinations = dict(sources)
    pairs = []
    outputs = []
    for destination, source in sources.items():
        if not destination.endswith(".py"):
            continue
        folder, _, module = destination.rpartition("/")
        path = "/".join([p for p in [folder, "__pycache__", module[:-len("py")] + _TAG + ".pyc"] if p])
        output = ctx.actions.declare_file("{}/{}".format(ctx.label.name, path))
        destinations[path] = output
        outputs.append(output)
        pairs.append("{}\t{}\t{}".format(source.path, output.path, destination))
    args = ctx.actions.args()
    args.set_param_file_format("multiline")
    args.use_param_file("%s", use_always = True)
    args.add_all(pairs)
    ctx.actions.run(
        executable = ctx.executable._compile,
        arguments = [args],
        inputs = [source for path, source in sources.items() if path.endswith(".py")],
        outputs = outputs,
        mnemonic = "GranaryPythonBytecode",
        progress_message = "Compiling the modules of %{label}",
    )
    return [
        DefaultInfo(files = depset(destinations.values())),
        PackageFilesInfo(attributes = {"mode": "0644"}, dest_src_map = destinations),
    ]

python_bytecode = rule(
    implementation = _python_bytecode_impl,
    doc = "Adds to files for pkg_zip the bytecode of their modules, which Python takes without looking at the source.",
    attrs = {
        "files": attr.label(
            doc = "A python_files target; all of it is packed at the root of what Python imports from.",
            mandatory = True,
            providers = [PackageFilesInfo],
        ),
        "_compile": attr.label(
            default = "//tools/build/lambdas:bytecode",
            executable = True,
            cfg = "exec",
        ),
    },
)
