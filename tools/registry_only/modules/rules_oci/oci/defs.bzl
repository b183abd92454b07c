"""The macros under the names that rules_oci gives them: https://github.com/bazel-contrib/rules_oci."""

load("//oci/private:attributes.bzl", "check_attributes")
load("//oci/private:image.bzl", _oci_image = "oci_image")
load("//oci/private:run.bzl", _oci_load = "oci_load", _oci_push = "oci_push")

_COMMON = ["tags", "visibility"]

def oci_image(name, **kwargs):
    """Makes an image from layers.

    Args:
        name: the target's name; `<name>.digest` is a file with the digest.
        **kwargs: see private/image.bzl.
    """
    check_attributes(
        "oci_image",
        kwargs,
        ["architecture", "entrypoint", "os", "tars"],
        ["env", "exposed_ports", "labels", "user", "workdir"] + _COMMON,
    )
    _oci_image(name = name, **kwargs)
    native.filegroup(
        name = name + ".digest",
        srcs = [name],
        output_group = "digest",
        **{key: kwargs[key] for key in _COMMON if key in kwargs}
    )

def oci_push(name, **kwargs):
    """Pushes an image.

    Args:
        name: the target's name.
        **kwargs: see private/run.bzl.
    """
    check_attributes("oci_push", kwargs, ["image"], ["remote_tags", "repository"] + _COMMON)
    _oci_push(name = name, **kwargs)

def oci_load(name, **kwargs):
    """Gives an image to a container engine.

    Args:
        name: the target's name.
        **kwargs: see private/run.bzl.
    """
    check_attributes("oci_load", kwargs, ["image", "loader", "repo_tags"], _COMMON)
    _oci_load(name = name, **kwargs)
