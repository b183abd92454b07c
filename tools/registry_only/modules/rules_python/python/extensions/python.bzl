"""The `python` extension: the interpreter of the root filesystem, and no other."""

_PYTHON_VERSION = "3.13"

def _python_impl(module_ctx):
    for module in module_ctx.modules:
        for tag in module.tags.toolchain:
            if module.is_root and tag.python_version != _PYTHON_VERSION:
                fail("python.toolchain: python_version is \"{}\"; this stand-in has {} only".format(
                    tag.python_version,
                    _PYTHON_VERSION,
                ))

python = module_extension(
    implementation = _python_impl,
    tag_classes = {
        "toolchain": tag_class(attrs = {
            "is_default": attr.bool(),
            "python_version": attr.string(mandatory = True),
        }),
    },
)
