"""One npm package as a repository: its tarball, and macros for the programs in it."""

_BUILD = """\
exports_files(
    ["package.tgz"],
    visibility = ["//visibility:public"],
)
"""

_BIN_HEADER = """\
load("@aspect_rules_js//npm/private:bin.bzl", "bin_macros")

bin = bin_macros("{store}", {programs})
"""

def _npm_package_impl(rctx):
    registry = rctx.os.environ.get("NPM_CONFIG_REGISTRY")
    if not registry:
        fail("NPM_CONFIG_REGISTRY is not set; tools/bazel sets it to the registry that npm uses")
    name = rctx.attr.package
    rctx.download(
        "{}/{}/-/{}-{}.tgz".format(registry.rstrip("/"), name, name.rpartition("/")[2], rctx.attr.version),
        "package.tgz",
        integrity = rctx.attr.integrity,
    )
    rctx.file("BUILD.bazel", _BUILD, executable = False)
    if rctx.attr.has_bin:
        done = rctx.execute(["/usr/bin/python3.13", rctx.path(rctx.attr._unpack), "package.tgz", "package.json"])
        if done.return_code != 0:
            fail(done.stderr.strip())
        programs = json.decode(done.stdout)["bin"]
        if type(programs) == "string":
            programs = {name.rpartition("/")[2]: programs}
        rctx.file("package_json.bzl", _BIN_HEADER.format(
            store = rctx.attr.store,
            programs = repr({
                program.replace("-", "_"): path.removeprefix("./")
                for program, path in programs.items()
            }),
        ), executable = False)

npm_package = repository_rule(
    implementation = _npm_package_impl,
    environ = ["NPM_CONFIG_REGISTRY"],
    attrs = {
        "has_bin": attr.bool(mandatory = True),
        "integrity": attr.string(mandatory = True),
        "package": attr.string(mandatory = True),
        "store": attr.string(
            doc = "The label of the package in the workspace's store.",
            mandatory = True,
        ),
        "version": attr.string(mandatory = True),
        "_unpack": attr.label(default = "//npm/private:unpack.py"),
    },
)
