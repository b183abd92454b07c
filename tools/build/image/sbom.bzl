"""The rule that writes an image's bill of materials (CycloneDX)."""

def _image_sbom_impl(ctx):
    metadata = [
        file
        for file in ctx.files.third_party
        if file.basename == "METADATA" and file.dirname.endswith(".dist-info")
    ]
    output = ctx.actions.declare_file(ctx.label.name + ".cdx.json")
    args = ctx.actions.args()
    args.use_param_file("@%s")
    args.set_param_file_format("multiline")
    args.add("--output", output)
    args.add("--title", ctx.attr.title)
    args.add("--architecture", ctx.attr.architecture)
    args.add("--lock", ctx.file._lock)
    args.add_all(metadata, before_each = "--metadata")
    ctx.actions.run(
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = metadata + [ctx.file._lock],
        outputs = [output],
        mnemonic = "GranarySbom",
        progress_message = "Listing what is in %{label}",
    )
    return [DefaultInfo(files = depset([output]))]

image_sbom = rule(
    implementation = _image_sbom_impl,
    doc = "Makes `<name>.cdx.json`: the Debian packages and wheels of an image made by python_image.",
    attrs = {
        "architecture": attr.string(mandatory = True, values = ["amd64", "arm64"]),
        "third_party": attr.label(
            doc = "The python_files of the third-party layer.",
            mandatory = True,
        ),
        "title": attr.string(mandatory = True),
        "_lock": attr.label(
            allow_single_file = True,
            default = "//tools/build:debian.lock.json",
        ),
        "_tool": attr.label(
            default = "//tools/build/image:sbom",
            executable = True,
            cfg = "exec",
        ),
    },
)
