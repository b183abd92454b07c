"""The targets behind npm_link_all_packages."""

load("//js:defs.bzl", "js_library")
load(":store.bzl", "npm_link", "npm_package_folder", "npm_package_store")

_STORE = ".aspect_rules_js/node_modules/"

def link_all_packages(name, importers, packages, repositories):
    """Makes the targets of one importer, and in the root package those of the store.

    Args:
        name: "node_modules", the real rule set takes no other.
        importers: by package of the workspace: by alias the key of what it links.
        packages: see lock.py.
        repositories: by key, the label of the package's tarball.
    """
    if name != "node_modules":
        fail("npm_link_all_packages: customizing 'name' is not supported")
    here = native.package_name()
    if here not in importers:
        fail("npm_link_all_packages: \"{}\" is no importer of pnpm-lock.yaml, which has: {}".format(
            here,
            ", ".join(importers),
        ))
    if not here:
        for key, package in packages.items():
            _store_package(package, packages, repositories[key])
    for alias, key in importers[here].items():
        target = "node_modules/" + alias
        npm_link(
            name = target,
            alias = alias,
            store = "//:" + _STORE + packages[key]["store"],
            tags = ["manual"],
            visibility = ["//visibility:public"],
        )
        _directory(target)
    js_library(
        name = name,
        srcs = [":node_modules/" + alias for alias in importers[here]],
        tags = ["manual"],
        visibility = ["//visibility:public"],
    )

def _store_package(package, packages, tarball):
    target = _STORE + package["store"]
    npm_package_folder(
        name = target + "/folder",
        package = package["name"],
        links = {
            alias: "{}/node_modules/{}".format(packages[dependency]["store"], packages[dependency]["name"])
            for alias, dependency in package["deps"].items()
        },
        store = package["store"],
        tags = ["manual"],
        tarball = tarball,
    )
    npm_package_store(
        name = target,
        closure = [_STORE + packages[other]["store"] + "/folder" for other in package["closure"]],
        folder = target + "/folder",
        tags = ["manual"],
        visibility = ["//visibility:public"],
    )
    _directory(target)

def _directory(target):
    native.filegroup(
        name = target + "/dir",
        srcs = [target],
        output_group = "package_directory",
        tags = ["manual"],
        visibility = ["//visibility:public"],
    )
