"""python_lambda: from a handler to the zip that Lambda takes, and what tests and invokes it.

Third-party files are at the zip's root, the workspace's own at their path in the workspace, bytecode
beside both. What is in the zip is what the handler's libraries need at run time and nothing else.
"""

load("@rules_python//python:defs.bzl", "py_library")
load("//tools/build/python:files.bzl", "LIBS", "OWN", "THIRD_PARTY", "python_files")
load(":bytecode.bzl", "python_bytecode")
load(":tools.bzl", "lambda_tools")
load(":validate.bzl", "PYTHON_RUNTIME_HAS", "validate")
load(":zip.bzl", "lambda_zip")

_RUNTIME = "python3.13"

def python_lambda(
        name,
        handler,
        deps,
        size_budget_mb,
        runtime_provides = PYTHON_RUNTIME_HAS,
        settings = {},
        visibility = None):
    """Makes the targets of a Lambda function in Python.

    - `:zip`: what Lambda takes, for the platform in force; `:zip_x86_64` and `:zip_arm64` for theirs;
      `:zip.sha256` and so on: the base64 of the SHA-256;
    - `:zip_test`: looks at both zips and imports the handler from the unpacked zip alone;
    - `:invoke`: runs the zip in the real runtime client, see //tools/lambda_local/invoke.py.

    Args:
        name: the function's name, which is its folder's.
        handler: the entry point as Lambda's setting takes it: `module.path.function`, in the calling
            package.
        deps: the libraries that hold the handler.
        size_budget_mb: the size limit of the zip, unpacked, in MB (10^6 bytes); Lambda's is 250.
        runtime_provides: libraries that are left out, with what they need, because Lambda's runtime has
            them. By default the AWS SDK: the zip is 18 MB smaller (26 MB unpacked), and the SDK's
            version is the one that Lambda has on that day. `[]` packs the pinned SDK: the same code
            everywhere, and what is newer than Lambda's.
        settings: environment variables without which the handler refuses to be imported, for
            `:zip_test`.
        visibility: of the zips.
    """
    package = native.package_name()
    problem = validate.python_lambda(name, handler, size_budget_mb, runtime_provides, package)
    if problem:
        fail(problem)

    python_zip(
        name = "zip",
        file_name = name,
        handler = handler,
        runtime_provides = runtime_provides,
        visibility = visibility,
        deps = deps,
    )
    lambda_tools(
        zip = "zip",
        handler = handler,
        runtime = _RUNTIME,
        runtime_library = Label("//tools/lambda_local:aws_sdk") if runtime_provides else None,
        settings = settings,
        size_budget_mb = size_budget_mb,
    )

def python_zip(name, file_name, handler, deps, runtime_provides = PYTHON_RUNTIME_HAS, visibility = None):
    """Makes the zips of python_lambda alone, see there for the arguments.

    Args:
        name: the target's name, and what those of the architectures begin with.
        file_name: what the zips' file names begin with.
        handler: the entry point.
        deps: the libraries that hold the handler.
        runtime_provides: libraries that are left out.
        visibility: of the zips.
    """
    private = {"tags": ["manual"], "visibility": ["//visibility:private"]}
    py_library(
        name = "_{}_program".format(name),
        deps = deps,
        **private
    )
    python_files(
        name = "_{}_files".format(name),
        kinds = [THIRD_PARTY, LIBS, OWN],
        left_out = runtime_provides,
        own_package = native.package_name(),
        deps = [":_{}_program".format(name)],
        **private
    )
    python_bytecode(
        name = "_{}_bytecode".format(name),
        files = ":_{}_files".format(name),
        **private
    )
    lambda_zip(
        name = name,
        srcs = [":_{}_bytecode".format(name)],
        file_name = file_name,
        handler = handler,
        runtime = _RUNTIME,
        visibility = visibility,
    )
