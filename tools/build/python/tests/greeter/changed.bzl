"""A rule that builds an image again as if a line of its sources had changed."""

_GREETING = "//tools/build/python/tests/greeter:greeting"

def _change_impl(_settings, _attr):
    return {_GREETING: "changed"}

_change = transition(
    implementation = _change_impl,
    inputs = [],
    outputs = [_GREETING],
)

def _image_after_change_impl(ctx):
    image = ctx.attr.image[0][DefaultInfo]
    output = ctx.actions.declare_directory(ctx.label.name)

    # A copy under another name, because the two images have the same path in runfiles. rules_oci's
    # images link to their layers, which come along in runfiles.
    ctx.actions.run_shell(
        command = 'cp --recursive --dereference --no-target-directory "$1" "$2"',
        arguments = [ctx.file.image.path, output.path],
        inputs = depset([ctx.file.image], transitive = [image.default_runfiles.files]),
        outputs = [output],
        mnemonic = "GranaryImageAfterChange",
        progress_message = "Copying %{input}",
    )
    return [DefaultInfo(files = depset([output]), runfiles = ctx.runfiles([output]))]

image_after_change = rule(
    implementation = _image_after_change_impl,
    doc = "A copy of an image, with the changed greeting.",
    attrs = {
        "image": attr.label(allow_single_file = True, cfg = _change, mandatory = True),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
)
