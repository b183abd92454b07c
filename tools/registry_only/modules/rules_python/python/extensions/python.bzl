"""The `python` extension: the interpreter of the root filesystem, and no other."""

_PYTHON_VERSION = "3.13"

_TOOLCHAIN_BUILD = """\
load("@bazel_tools//tools/python:toolchain.bzl", "py_runtime_pair")

py_runtime(
    name = "runtime",
    interpreter_path = "/usr/bin/python{version}",
    python_version = "PY3",
    stub_shebang = "#!/usr/bin/python{version}",
)

py_runtime_pair(
    name = "runtime_pair",
    py3_runtime = ":runtime",
)

toolchain(
    name = "toolchain",
    toolchain = ":runtime_pair",
    toolchain_type = "@bazel_tools//tools/python:toolchain_type",
)
"""

def _toolchain_impl(rctx):
    rctx.file("BUILD.bazel", _TOOLCHAIN_BUILD.format(version = _PYTHON_VERSION))

_toolchain = repository_rule(implementation = _toolchain_impl)

def _python_impl(module_ctx):
    for module in module_ctx.modules:
        for tag in module.tags.toolchain:
            if tag.python_version != _PYTHON_VERSION:
                fail("python.toolchain: python_version is \"{}\"; this stand-in has {} only".format(
                    tag.python_version,
                    _PYTHON_VERSION,
                ))
    _toolchain(name = "python_toolchain")

python = module_extension(
    implementation = _python_impl,
    tag_classes = {
        "toolchain": tag_class(attrs = {
            "is_default": attr.bool(),
            "python_version": attr.string(mandatory = True),
        }),
    },
)
