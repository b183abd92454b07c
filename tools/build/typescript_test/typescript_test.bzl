"""node:test as Bazel tests."""

load("@aspect_rules_js//js:defs.bzl", "js_test")
load("@aspect_rules_ts//ts:defs.bzl", "ts_project")

_RUNNER = Label("//tools/build/typescript_test:run")
_SETTINGS = Label("//:tsconfig")
_PACKAGE_JSON = Label("//:package_json")

def typescript_test(name, srcs, deps = [], data = [], tags = [], **kwargs):
    """Type-check test files and run them with node:test; a file that holds no test fails.

    Makes `<name>.compiled`, the ts_project, beside the test.

    Args:
        name: the target's name.
        srcs: the test files, named `*.test.ts`.
        deps: what the tests import: ts_project targets and npm packages; Node.js' own types are added.
        data: files that the tests read.
        tags: for both targets.
        **kwargs: other attributes of js_test, such as `size` and `env`.
    """
    others = [src for src in srcs if not src.endswith(".test.ts")]
    if others or not srcs:
        fail("typescript_test \"{}\": srcs takes files named *.test.ts, not {}".format(name, others))
    compiled = name + ".compiled"
    ts_project(
        name = compiled,
        testonly = True,
        srcs = srcs,
        declaration = True,
        source_map = True,
        tags = tags,
        transpiler = "tsc",
        tsconfig = _SETTINGS,
        deps = deps,
    )
    js_test(
        name = name,
        args = [
            "{}/{}.js".format(native.package_name(), src.removesuffix(".ts"))
            for src in srcs
        ],
        data = data + [
            compiled,
            _PACKAGE_JSON,
        ],
        entry_point = _RUNNER,
        # Failures name the line of the .ts file.
        node_options = ["--enable-source-maps"],
        tags = tags,
        **kwargs
    )
