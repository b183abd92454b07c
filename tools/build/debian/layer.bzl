"""The rule that merges Debian packages into one image layer.

A normal build action, so the layer is cached, needs no network and no root, and is the same bytes
wherever it is made. Which packages there are is //tools/build:debian.lock.json's business.
"""

def _debian_layer_impl(ctx):
    output = ctx.actions.declare_file(ctx.label.name.removesuffix("_tar") + ".tar")
    args = ctx.actions.args()
    args.use_param_file("@%s")
    args.set_param_file_format("multiline")
    args.add("--output", output)
    args.add_all(ctx.files.packages, before_each = "--deb")
    args.add_all(ctx.attr.drop, before_each = "--drop")
    for target, path in ctx.attr.extra_files.items():
        args.add("--file", "{}={}".format(path, target[DefaultInfo].files.to_list()[0].path))
    for path, target in ctx.attr.symlinks.items():
        args.add("--symlink", "{}={}".format(path, target))
    for path, mode in ctx.attr.directories.items():
        args.add("--directory", "{}={}".format(path, mode))
    if ctx.attr.bundle_certificates:
        args.add("--bundle-certificates")
    ctx.actions.run(
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = ctx.files.packages + ctx.files.extra_files,
        outputs = [output],
        mnemonic = "GranaryDebianLayer",
        progress_message = "Merging Debian packages into %{output}",
    )
    return [DefaultInfo(files = depset([output]))]

debian_layer = rule(
    implementation = _debian_layer_impl,
    doc = "Makes `<name without _tar>.tar` from .deb files, without maintainer scripts and documentation.",
    attrs = {
        "packages": attr.label_list(
            allow_files = [".deb"],
            doc = "The packages, as `@debian_amd64//:base`.",
            mandatory = True,
        ),
        "drop": attr.string_list(
            doc = "Shell patterns of paths to leave out, without leading slash; a folder takes its content along.",
        ),
        "extra_files": attr.label_keyed_string_dict(
            allow_files = True,
            doc = "File to its path in the layer.",
        ),
        "symlinks": attr.string_dict(doc = "Path to the link's target."),
        "directories": attr.string_dict(doc = "Path to the folder's mode, in octal."),
        "bundle_certificates": attr.bool(
            doc = "Replace ca-certificates' files by /etc/ssl/certs/ca-certificates.crt.",
        ),
        "_tool": attr.label(
            default = "//tools/build/debian:layer",
            executable = True,
            cfg = "exec",
        ),
    },
)
