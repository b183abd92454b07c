"""What there is to do with a function's zip: look at it, and invoke it. The same for every language."""

load("@rules_python//python:defs.bzl", "py_binary", "py_test")
load(":zip.bzl", "ARCHITECTURES")

_TEST = Label("//tools/build/lambdas:zip_test.py")
_INVOKE = Label("//tools/lambda_local:invoke.py")
_NODE = Label("//tools/lambda_local:node")

# The names are fixed: every function has the same tools.
# buildifier: disable=unnamed-macro
def lambda_tools(zip, handler, runtime, size_budget_mb, runtime_library = None, zipped_budget_kb = None, settings = {}):
    """Makes `:zip_test` and `:invoke` in the calling package.

    Args:
        zip: the name of a lambda_zip in the calling package.
        handler: its entry point.
        runtime: its runtime, `python3.13` or `nodejs24.x`.
        size_budget_mb: the size limit, unpacked, in MB (10^6 bytes).
        runtime_library: what the runtime has and the zip leaves to it, that is the AWS SDK of
            //tools/lambda_local; the import test finds it, and nothing else, beside the zip.
        zipped_budget_kb: the size limit of the zip file, in kB (10^3 bytes), if there is one.
        settings: environment variables without which the handler refuses to be imported, for the
            import test.
    """
    zips = {
        architecture: ":{}_{}".format(zip, architecture)
        for architecture in ARCHITECTURES
    }
    shared = [
        "--handler=" + handler,
        "--runtime=" + runtime,
    ]
    args = shared + [
        "--size-budget-mb={}".format(size_budget_mb),
    ] + [
        "--zip={}=$(rootpath {})".format(architecture, label)
        for architecture, label in zips.items()
    ]
    args += [
        "--env={}={}".format(variable, value)
        for variable, value in settings.items()
    ]
    data = zips.values()
    if zipped_budget_kb:
        args.append("--zipped-budget-kb={}".format(zipped_budget_kb))
    if runtime.startswith("nodejs"):
        args.append("--node=$(rootpath {})".format(_NODE))
        data.append(_NODE)
        if runtime_library:
            args.append("--runtime-library={}/node_modules/@aws-sdk".format(runtime_library.package))
    elif runtime_library:
        args.append("--runtime-library=$(rootpath {})".format(runtime_library))
    if runtime_library:
        data.append(runtime_library)
    py_test(
        name = zip + "_test",
        size = "small",
        srcs = [_TEST],
        args = args,
        data = data,
        main = _TEST,
        deps = [Label("//tools/build/lambdas:inspection")],
    )
    py_binary(
        name = "invoke",
        srcs = [_INVOKE],
        args = shared + [
            "--name=" + native.package_name().split("/")[-1],
            "--zip=$(rootpath :{})".format(zip),
        ],
        data = [":" + zip],
        main = _INVOKE,
        deps = [Label("//tools/lambda_local:invocation")],
    )
