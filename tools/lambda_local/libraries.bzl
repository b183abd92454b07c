"""runtime_library: what a managed runtime has on its path beside the function, as a zip."""

load("@rules_pkg//pkg:zip.bzl", "pkg_zip")
load("//tools/build/lambdas:bytecode.bzl", "python_bytecode")
load("//tools/build/python:files.bzl", "THIRD_PARTY", "python_files")

def runtime_library(name, deps, visibility = None):
    """Makes `<name>.zip`, with bytecode: Lambda's own is there when a function starts.

    Args:
        name: the target's name.
        deps: third-party libraries; what they need comes along.
        visibility: of the zip.
    """
    python_files(
        name = "_{}_files".format(name),
        kinds = [THIRD_PARTY],
        own_package = native.package_name(),
        tags = ["manual"],
        visibility = ["//visibility:private"],
        deps = deps,
    )
    python_bytecode(
        name = "_{}_bytecode".format(name),
        files = ":_{}_files".format(name),
        tags = ["manual"],
        visibility = ["//visibility:private"],
    )
    pkg_zip(
        name = name,
        srcs = [":_{}_bytecode".format(name)],
        out = name + ".zip",
        visibility = visibility,
    )
