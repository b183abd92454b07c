"""python_image: a Python program as an OCI image, in layers by how often they change.

From the lowest: base, interpreter, third-party, libs, own. Everything is a build input: nothing is pulled.
"""

load("@rules_oci//oci:defs.bzl", "oci_image")
load("@rules_pkg//pkg:tar.bzl", "pkg_tar")
load("//tools/build/image:layer.bzl", "compressed_layer")
load("//tools/build/image:sbom.bzl", "image_sbom")
load("//tools/build/image:stamp.bzl", "stamped_lines")
load(":files.bzl", "LIBS", "OWN", "THIRD_PARTY", "python_files")

_ROOT = "app"
_SITE_PACKAGES = "app/site-packages"
_PYTHON = "/usr/bin/python3.13"
_NONROOT = "65532:65532"

def python_image(name, program, title, description, port, visibility = None):
    """Makes the image of the program that the calling package is: `python -m <package>`.

    Args:
        name: the image's name; `<name>.digest` is a file with its digest, `<name>_sbom` its bill of
            materials.
        program: the py_library that holds the package's `__main__.py` and depends on the rest.
        title: the image's name in registries, without the registry.
        description: one line for the labels.
        port: the port that the program listens on, given to it as PORT.
        visibility: of the image, its digest and its bill of materials.
    """
    architecture = select(
        {
            "@platforms//cpu:aarch64": "arm64",
            "@platforms//cpu:x86_64": "amd64",
        },
        no_match_error = "images are made for x86_64 and aarch64",
    )
    package = native.package_name()
    private = {"tags": ["manual"], "visibility": ["//visibility:private"]}
    stamped_lines(
        name = "_{}_labels".format(name),
        out = name + "_labels.txt",
        lines = [
            "org.opencontainers.image.title=" + title,
            "org.opencontainers.image.description=" + description.replace("{", "{{").replace("}", "}}"),
            "org.opencontainers.image.version={version}",
            "org.opencontainers.image.revision={revision}",
        ],
        **private
    )
    oci_image(
        name = name,
        architecture = architecture,
        entrypoint = [_PYTHON, "-m", package.replace("/", ".")],
        env = {
            "HOST": "0.0.0.0",
            "PORT": str(port),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": "/{}:/{}".format(_ROOT, _SITE_PACKAGES),
            "PYTHONUNBUFFERED": "1",
        },
        exposed_ports = ["{}/tcp".format(port)],
        labels = ":_{}_labels".format(name),
        os = "linux",
        # From what changes least to what changes most.
        tars = [
            "//tools/build/debian:base",
            "//tools/build/debian:interpreter",
            _layer(name, "third_party", THIRD_PARTY, program, private),
            _layer(name, "libs", LIBS, program, private),
            _layer(name, "own", OWN, program, private),
        ],
        user = _NONROOT,
        visibility = visibility,
        workdir = "/" + _ROOT,
    )
    image_sbom(
        name = name + "_sbom",
        architecture = architecture,
        third_party = ":_{}_third_party_files".format(name),
        title = title,
        visibility = visibility,
    )

def _layer(image, layer, kind, program, private):
    name = "_{}_{}".format(image, layer)
    python_files(
        name = name + "_files",
        kinds = [kind],
        own_package = native.package_name(),
        prefix = _ROOT,
        third_party_prefix = _SITE_PACKAGES,
        deps = [program],
        **private
    )
    pkg_tar(
        name = name + "_tar",
        srcs = [":{}_files".format(name)],
        out = "{}_{}.tar".format(image, layer),
        **private
    )
    compressed_layer(
        name = name,
        tar = ":{}_tar".format(name),
        **private
    )
    return ":" + name
