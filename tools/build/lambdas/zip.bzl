"""lambda_zip: a deterministic Lambda zip of any language, for the platform in force or a given one.

Language macros say which files; what a zip is, how it is named and what deploy rules read of it is here.
"""

load("@rules_pkg//pkg:providers.bzl", "PackageFilesInfo")
load("@rules_pkg//pkg:zip.bzl", "pkg_zip")
load("//tools/build:artifact.bzl", "ArtifactInfo")
load("//tools/build/python:files.bzl", "files")

# Lambda's names of architectures, and the platforms that they are built for.
ARCHITECTURES = {
    "arm64": Label("//tools/build/platforms:linux_arm64"),
    "x86_64": Label("//tools/build/platforms:linux_amd64"),
}

# With the bit of a plain file, which versions of rules_pkg add or leave out: zips would differ.
_FILE_MODE = "0100644"

_PLATFORMS = "//command_line_option:platforms"

def _for_platform_impl(settings, attr):
    return {_PLATFORMS: [attr.platform] if attr.platform else settings[_PLATFORMS]}

_for_platform = transition(
    implementation = _for_platform_impl,
    inputs = [_PLATFORMS],
    outputs = [_PLATFORMS],
)

def _artifact_impl(ctx):
    source = ctx.file.zip

    # A name of its own: zips of two architectures would have one path in runfiles.
    output = ctx.actions.declare_file(ctx.attr.file_name)
    ctx.actions.symlink(
        output = output,
        target_file = source,
        progress_message = "Naming %{output}",
    )
    args = ctx.actions.args()
    args.add(output)
    args.add(ctx.outputs.digest)
    ctx.actions.run(
        executable = ctx.executable._digest,
        arguments = [args],
        inputs = [output],
        outputs = [ctx.outputs.digest],
        mnemonic = "GranaryZipDigest",
        progress_message = "Hashing %{input}",
    )
    return [
        DefaultInfo(files = depset([output]), runfiles = ctx.runfiles([output])),
        ArtifactInfo(
            kind = "lambda_zip",
            file = output,
            digest = ctx.outputs.digest,
            settings = {
                "architecture": ctx.attr.architecture,
                "handler": ctx.attr.handler,
                "runtime": ctx.attr.runtime,
            },
        ),
    ]

_artifact = rule(
    implementation = _artifact_impl,
    doc = "A zip under its own name, with its digest and what deploy rules read of it.",
    attrs = {
        "architecture": attr.string(mandatory = True, values = ARCHITECTURES.keys()),
        "digest": attr.output(mandatory = True),
        "file_name": attr.string(mandatory = True),
        "handler": attr.string(mandatory = True),
        "platform": attr.string(doc = "The platform to build for; the one in force unless given."),
        "runtime": attr.string(mandatory = True),
        "zip": attr.label(allow_single_file = [".zip"], cfg = _for_platform, mandatory = True),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
        "_digest": attr.label(
            default = "//tools/build/lambdas:digest",
            executable = True,
            cfg = "exec",
        ),
    },
    provides = [ArtifactInfo],
)

def _plain_files_impl(ctx):
    destinations = {}
    for src in ctx.attr.srcs:
        for path, file in src[PackageFilesInfo].dest_src_map.items():
            problem = files.merge(destinations, path, file)
            if problem:
                fail("{}: {}".format(ctx.label, problem))
    return [
        DefaultInfo(files = depset(destinations.values())),
        PackageFilesInfo(attributes = {"mode": _FILE_MODE}, dest_src_map = destinations),
    ]

_plain_files = rule(
    implementation = _plain_files_impl,
    doc = "Files for pkg_zip with the one mode that all have in a function's zip.",
    attrs = {"srcs": attr.label_list(providers = [PackageFilesInfo])},
)

def lambda_zip(name, srcs, handler, runtime, file_name, by_architecture = True, visibility = None):
    """Makes the zip of a function.

    Beside `:<name>`, which is for the platform that `--platforms` says:

    - `:<name>_x86_64` and `:<name>_arm64`, whatever the platform in force is;
    - `:<name>.sha256` and the like of the others: the base64 of the SHA-256, Lambda's CodeSha256.

    All of them give ArtifactInfo, of kind `lambda_zip`.

    Args:
        name: the target's name.
        srcs: what is packed, each at its path in the zip: targets that give PackageFilesInfo.
        handler: the function's entry point as Lambda's setting of that name takes it.
        runtime: Lambda's identifier of the runtime, such as `python3.13`.
        file_name: what the zips' file names begin with.
        by_architecture: whether what is packed differs by architecture; else both zips are one.
        visibility: of the zips.
    """
    _plain_files(
        name = "_{}_plain".format(name),
        srcs = srcs,
        tags = ["manual"],
        visibility = ["//visibility:private"],
    )
    pkg_zip(
        name = "_{}_packed".format(name),
        srcs = [":_{}_plain".format(name)],
        # Entries are sorted by rules_pkg, and have the time 1980-01-01.
        out = "_{}_packed.zip".format(name),
        tags = ["manual"],
        visibility = ["//visibility:private"],
    )
    shared = {
        "handler": handler,
        "runtime": runtime,
        "visibility": visibility,
        "zip": ":_{}_packed".format(name),
    }
    _artifact(
        name = name,
        architecture = select(
            {
                "@platforms//cpu:aarch64": "arm64",
                "@platforms//cpu:x86_64": "x86_64",
            },
            no_match_error = "Lambda runs on x86_64 and arm64",
        ),
        digest = name + ".sha256",
        file_name = file_name + ".zip",
        **shared
    )
    for architecture, platform in ARCHITECTURES.items():
        _artifact(
            name = "{}_{}".format(name, architecture),
            architecture = architecture,
            digest = "{}_{}.sha256".format(name, architecture),
            file_name = "{}_{}.zip".format(file_name, architecture),
            platform = str(platform) if by_architecture else None,
            **shared
        )
