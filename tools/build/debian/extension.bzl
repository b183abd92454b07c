"""The module extension that brings the locked Debian packages, one repository for each architecture.

`@debian_amd64//:base` and `@debian_arm64//:interpreter` are the .deb files of a group of
packages.toml; `@redis_amd64//:redis` is what //tools/redis_local runs, locked beside it so that no
image and no bill of materials depends on it. A repository is fetched when a target of its
architecture is built, so nobody downloads packages for machines that they do not build for.
"""

load("//tools/build:mirrors.bzl", "debian_urls")

_ARCHITECTURES = ["amd64", "arm64"]

# The first part of a repository's name to the lock that it is made from.
_LOCKS = {
    "debian": Label("//tools/build:debian.lock.json"),
    "redis": Label("//tools/redis_local:debian.lock.json"),
}

_RELOCK = "bazel run //tools/build/debian:update"

def _debian_packages_impl(rctx):
    lock = json.decode(rctx.read(rctx.attr.lock))
    groups = {}
    pending = []
    for package in lock["packages"]:
        if package["architecture"] != rctx.attr.architecture:
            continue
        file = package["name"] + ".deb"
        groups.setdefault(package["group"], []).append(file)

        # All downloads start before the first is waited for.
        pending.append((package, rctx.download(
            url = debian_urls(rctx, package["path"], lock["snapshot"], package["archive"]),
            output = file,
            sha256 = package["sha256"],
            block = False,
            allow_fail = True,
        )))
    missing = [
        "{} {}".format(package["name"], package["version"])
        for package, download in pending
        if not download.wait().success
    ]
    if missing:
        fail((
            "Debian packages of //{}:{} cannot be had for {}: {}. " +
            "A mirror drops a version that a newer one replaces: re-lock with `{}`."
        ).format(rctx.attr.lock.package, rctx.attr.lock.name, rctx.attr.architecture, ", ".join(missing), _RELOCK))

    build = ['package(default_visibility = ["//visibility:public"])']
    for group, files in sorted(groups.items()):
        build.append("filegroup(name = {}, srcs = {})".format(repr(group), repr(sorted(files))))
    rctx.file("BUILD.bazel", "\n".join(build) + "\n")

_debian_packages = repository_rule(
    implementation = _debian_packages_impl,
    doc = "The locked packages of one architecture, a filegroup for each group.",
    attrs = {
        "architecture": attr.string(mandatory = True, values = _ARCHITECTURES),
        "lock": attr.label(mandatory = True, allow_single_file = [".json"]),
    },
)

def _debian_impl(mctx):
    repositories = []
    for name, lock in _LOCKS.items():
        for architecture in _ARCHITECTURES:
            repository = "{}_{}".format(name, architecture)
            repositories.append(repository)
            _debian_packages(
                name = repository,
                architecture = architecture,
                lock = lock,
            )
    return mctx.extension_metadata(
        reproducible = True,
        root_module_direct_deps = repositories,
        root_module_direct_dev_deps = [],
    )

debian = module_extension(
    implementation = _debian_impl,
    doc = "Makes `@debian_<architecture>` and `@redis_<architecture>` from their locks.",
)
