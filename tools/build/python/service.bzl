"""python_service: from an ASGI application to a program, an image, and what pushes, loads and tests it.

The image's layers are in order of how often they change, so a change of one line in a service makes
and pushes one small layer again. Everything in the image is a build input: nothing is pulled, no
container engine is needed until `:load`.
"""

load("@bazel_skylib//rules:write_file.bzl", "write_file")
load("@rules_python//python:defs.bzl", "py_binary", "py_library")
load("//tools/build/image:tools.bzl", "image_tools")
load(":image.bzl", "python_image")
load(":validate.bzl", "validate")

_SERVICE_KIT = "//libs/service_kit"

_MAIN = """\
\"\"\"Serves {app}.\"\"\"

import sys

from libs.service_kit.server import serve

if __name__ == "__main__":
    sys.exit(serve("{app}", port={port}))
"""

def python_service(
        name,
        app,
        port,
        deps,
        description,
        image_budget_mb = 120,
        visibility = None):
    """Makes the targets of a Python service.

    Beside `:<name>`, which runs the service:

    - `:image`: the OCI image, and `:image.digest`;
    - `:sbom`: its bill of materials, in CycloneDX;
    - `:push`: pushes it, see //tools/build/image/push.py;
    - `:load`: gives it to the local docker or podman as `granary/<name>:dev`;
    - `:image_test`: unpacks it and runs it as its user, without a container engine.

    Args:
        name: the service's name, which is its folder's.
        app: the ASGI application as `module.path:attribute`, inside the calling package.
        port: the port that it listens on unless PORT says otherwise, 1024 to 65535.
        deps: the libraries that hold the application.
        description: one line for the image's labels.
        image_budget_mb: the image's size limit, uncompressed, in MB (10^6 bytes).
        visibility: of `:<name>`, `:image` and `:image.digest`.
    """
    package = native.package_name()
    problem = validate.service(name, app, port, description, image_budget_mb, package)
    if problem:
        fail(problem)

    write_file(
        name = "_main",
        out = "__main__.py",
        content = _MAIN.format(app = app, port = port).split("\n"),
        tags = ["manual"],
    )
    py_library(
        name = "_program",
        srcs = [":__main__.py"],
        tags = ["manual"],
        visibility = ["//visibility:private"],
        deps = deps + [_SERVICE_KIT],
    )
    py_binary(
        name = name,
        srcs = [":__main__.py"],
        # Without it the service's own folder comes first on sys.path, and a module of it hides one
        # of the standard library that has the same name.
        env = {"PYTHONSAFEPATH": "1"},
        main = "__main__.py",
        visibility = visibility,
        deps = [":_program"],
    )
    python_image(
        name = "image",
        description = description,
        port = port,
        program = ":_program",
        title = "granary/" + name,
        visibility = visibility,
    )
    native.alias(
        name = "sbom",
        actual = ":image_sbom",
        visibility = visibility,
    )
    image_tools(
        image = ":image",
        repository = "granary/" + name,
        budget_mb = image_budget_mb,
    )
