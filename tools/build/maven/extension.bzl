"""Jars from Maven repositories, pinned by coordinates and hash in maven.lock.json.

Each table of artifacts.toml becomes one repository with the target `:jars`, the class path. Bazel's
own downloader fetches the files and checks their hashes; Maven is needed for re-locking only.
"""

load("//tools/build:mirrors.bzl", "maven_urls")

_LOCK = Label("//tools/build/maven:maven.lock.json")

_BUILD_FILE = """\
package(default_visibility = ["//visibility:public"])

filegroup(
    name = "jars",
    srcs = glob(["*.jar"]),
)
"""

def _parse(coordinates):
    """Turns group:artifact:version[:classifier] into a path in a repository and a file name."""
    parts = coordinates.split(":")
    if len(parts) not in (3, 4):
        fail("maven.lock.json: '%s' is not group:artifact:version[:classifier]" % coordinates)
    name = "-".join(parts[1:]) + ".jar"
    return "/".join([parts[0].replace(".", "/"), parts[1], parts[2], name]), name

def _maven_files_impl(repository_ctx):
    downloads = {}
    for coordinates, sha256 in repository_ctx.attr.files.items():
        path, name = _parse(coordinates)
        urls = maven_urls(repository_ctx, path)

        # All at once: one after the other takes four times as long.
        downloads[coordinates] = urls, repository_ctx.download(
            urls,
            output = name,
            sha256 = sha256,
            allow_fail = True,
            block = False,
        )
    for coordinates, (urls, download) in downloads.items():
        if not download.wait().success:
            fail("\n".join([
                "%s cannot be had from %s: the warning above has the reason." % (coordinates, urls[0]),
                "Another mirror: --repo_env=GRANARY_MAVEN_MIRROR=ADDRESS",
                "Another version: change tools/build/maven/artifacts.toml, then re-lock with " +
                "`tools/bazel run //tools/build/maven:update`",
            ]))
    repository_ctx.file("BUILD.bazel", _BUILD_FILE, executable = False)

_maven_files = repository_rule(
    implementation = _maven_files_impl,
    attrs = {
        "files": attr.string_dict(
            doc = "Coordinates to SHA-256, as locked.",
            mandatory = True,
        ),
    },
    doc = "A flat folder of the files of Maven artifacts.",
)

def _maven_jars_impl(module_ctx):
    for name, locked in json.decode(module_ctx.read(_LOCK)).items():
        _maven_files(
            name = name,
            files = {file["coordinates"]: file["sha256"] for file in locked["files"]},
        )

    # The lock is already one: nothing to repeat in MODULE.bazel.lock.
    return module_ctx.extension_metadata(reproducible = True)

maven_jars = module_extension(
    implementation = _maven_jars_impl,
    doc = "Makes the repositories that maven.lock.json describes.",
)
