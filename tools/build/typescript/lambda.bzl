"""typescript_lambda: from a module with a handler to the zip that Lambda takes, and what tests it.

The zip has one file of code, minified and without what nothing uses, and its source map: Node.js
reads the map, and its stack traces name the TypeScript, when NODE_OPTIONS has --enable-source-maps.
"""

load("@rules_pkg//pkg:mappings.bzl", "pkg_files")
load("@rules_python//python:defs.bzl", "py_test")
load("//tools/build/lambdas:tools.bzl", "lambda_tools")
load("//tools/build/lambdas:validate.bzl", "UNPACKED_LIMIT_MB")
load("//tools/build/lambdas:zip.bzl", "lambda_zip")
load(":bundle.bzl", "bundle")
load(":validate.bzl", "NODE_RUNTIME_HAS", "validate")

_RUNTIME = "nodejs24.x"
_TEST = Label("//tools/build/typescript:bundle_test.py")
_LOCK = Label("//:pnpm-lock.yaml")

def typescript_lambda(
        name,
        handler,
        deps,
        size_budget_kb,
        runtime_provides = NODE_RUNTIME_HAS,
        settings = {},
        visibility = None):
    """Makes the targets of a Lambda function in TypeScript.

    - `:zip`: what Lambda takes, for the platform in force; `:zip_x86_64` and `:zip_arm64` for theirs;
      `:zip.sha256` and so on: the base64 of the SHA-256;
    - `:zip_test`: looks at both zips and imports the handler from the unpacked zip alone;
    - `:bundle_test`: nothing went in that package.json does not list under `dependencies`;
    - `:invoke`: runs the zip in the real runtime client, see //tools/lambda_local/invoke.py.

    Args:
        name: the function's name, which is its folder's; the folder is a pnpm importer.
        handler: the entry point as Lambda's setting takes it: `module.function`, in the calling package.
        deps: the ts_project that compiles the module.
        size_budget_kb: the size limit of the zip file, in kB (10^3 bytes).
        runtime_provides: packages that are left out because Lambda's runtime has them, `*` for any end
            of a name. By default the AWS SDK: the bundle is a fifth as large, and the SDK's version is
            the one that Lambda has on that day. `[]` packs the pinned SDK: the same code everywhere.
        settings: environment variables without which the handler refuses to be imported, for
            `:zip_test`.
        visibility: of the zips.
    """
    package = native.package_name()
    problem = validate.typescript_lambda(name, handler, size_budget_kb, runtime_provides, package)
    if problem:
        fail(problem)

    entry = handler.partition(".")[0]
    private = {"tags": ["manual"], "visibility": ["//visibility:private"]}
    bundle(
        name = "_bundle",
        entry = entry,
        srcs = deps,
        left_out = runtime_provides,
        **private
    )
    pkg_files(
        name = "_zip_files",
        srcs = ["_bundle/{}.mjs".format(entry), "_bundle/{}.mjs.map".format(entry)],
        **private
    )
    lambda_zip(
        name = "zip",
        srcs = [":_zip_files"],
        # JavaScript is the same for both: no use compiling it for each.
        by_architecture = False,
        file_name = name,
        handler = handler,
        runtime = _RUNTIME,
        visibility = visibility,
    )
    lambda_tools(
        zip = "zip",
        handler = handler,
        runtime = _RUNTIME,
        runtime_library = Label("//tools/lambda_local:aws_sdk_node") if runtime_provides else None,
        settings = settings,
        # One bundle: what it is zipped is what counts.
        size_budget_mb = UNPACKED_LIMIT_MB,
        zipped_budget_kb = size_budget_kb,
    )
    py_test(
        name = "bundle_test",
        size = "small",
        srcs = [_TEST],
        args = [
            "--importer=" + package,
            "--inputs=$(rootpath _bundle/inputs.json)",
            "--lock=$(rootpath {})".format(_LOCK),
        ],
        data = [
            "_bundle/inputs.json",
            _LOCK,
        ],
        main = _TEST,
        deps = [Label("//tools/build/typescript:inputs")],
    )
