"""What there is to do with an image: push it, load it into a container engine, test it."""

load("@rules_oci//oci:defs.bzl", "oci_load", "oci_push")
load("@rules_python//python:defs.bzl", "py_binary", "py_test")
load(":stamp.bzl", "stamped_lines")

_PUSH = Label("//tools/build/image:push.py")
_TEST = Label("//tools/build/image:image_test.py")

# The names are fixed: every image has the same tools.
# buildifier: disable=unnamed-macro
def image_tools(image, repository, budget_mb):
    """Makes `:push`, `:load` and `:image_test` in the calling package.

    Args:
        image: the label of an oci_image, whose title is `repository`.
        repository: the image's name in registries, without the registry.
        budget_mb: the size limit, uncompressed, in MB (10^6 bytes).
    """
    private = {"tags": ["manual"], "visibility": ["//tools/build/image/tests:__pkg__"]}
    stamped_lines(
        name = "_push_tags",
        out = "push_tags.txt",
        lines = ["{version}"],
        # A build that does not know its version gives an image no name but its digest.
        unstamped_lines = [],
        **private
    )
    oci_push(
        name = "_push",
        image = image,
        remote_tags = ":_push_tags",
        **private
    )
    py_binary(
        name = "push",
        srcs = [_PUSH],
        args = [
            "--repository=" + repository,
            "--digest-file=$(rootpath {}.digest)".format(image),
            "--pusher=$(rootpath :_push)",
        ],
        data = [
            ":_push",
            image + ".digest",
        ],
        main = _PUSH,
        visibility = ["//tools/build/image/tests:__pkg__"],
    )
    oci_load(
        name = "load",
        image = image,
        loader = Label("//tools/build/image:loader"),
        repo_tags = [repository + ":dev"],
        visibility = ["//tools/build/image/tests:__pkg__"],
    )
    py_test(
        name = "image_test",
        size = "medium",
        srcs = [_TEST],
        args = [
            "--image=$(rootpath {})".format(image),
            "--budget-mb={}".format(budget_mb),
            "--title=" + repository,
        ],
        data = [image],
        main = _TEST,
        deps = [Label("//tools/build/image:inspection")],
    )
