"""The `npm` extension: the packages of pnpm-lock.yaml.

Each package is a repository of its own, fetched when a target first needs it.
"""

load("//npm/private:package.bzl", "npm_package")

_DEFS = """\
load("@aspect_rules_js//npm/private:link.bzl", "link_all_packages")

_IMPORTERS = {importers}

_PACKAGES = {packages}

_TARBALLS = {tarballs}

def npm_link_all_packages(name = "node_modules"):
    link_all_packages(name, _IMPORTERS, _PACKAGES, {{
        key: Label(tarball)
        for key, tarball in _TARBALLS.items()
    }})
"""

def _hub_impl(rctx):
    rctx.file("BUILD.bazel", "", executable = False)
    for path, content in rctx.attr.contents.items():
        rctx.file(path, content, executable = False)

_hub = repository_rule(
    implementation = _hub_impl,
    attrs = {"contents": attr.string_dict(mandatory = True)},
)

def _npm_impl(module_ctx):
    for module in module_ctx.modules:
        for tag in module.tags.npm_translate_lock:
            _translate_lock(module_ctx, tag)

def _translate_lock(module_ctx, tag):
    if tag.pnpm_lock.package:
        fail("npm_translate_lock: pnpm_lock is {}; this stand-in takes one in the root package only".format(tag.pnpm_lock))
    settings = tag.pnpm_lock.same_package_label("pnpm-workspace.yaml")
    for file in [tag.pnpm_lock, settings]:
        module_ctx.watch(file)
    done = module_ctx.execute([
        "/usr/bin/python3.13",
        module_ctx.path(Label("//npm/private:lock.py")),
        module_ctx.path(tag.pnpm_lock),
        module_ctx.path(settings),
    ])
    if done.return_code != 0:
        fail(done.stderr.strip())
    lock = json.decode(done.stdout)
    if tag.verify_node_modules_ignored:
        _verify_ignored(
            tag.verify_node_modules_ignored,
            module_ctx.read(tag.verify_node_modules_ignored),
            lock["importers"],
        )
    packages = lock["packages"]
    repositories = {}
    for package in packages.values():
        repository = "{}__{}".format(tag.name, package["repository"])
        if repository not in repositories:
            repositories[repository] = None
            npm_package(
                name = repository,
                has_bin = package["has_bin"],
                integrity = package["integrity"],
                package = package["name"],
                store = "@@//:.aspect_rules_js/node_modules/" + package["store"],
                version = package["version"],
            )
    contents = {"defs.bzl": _DEFS.format(
        importers = repr(lock["importers"]),
        packages = repr({
            key: {name: package[name] for name in ["closure", "deps", "name", "store"]}
            for key, package in packages.items()
        }),
        tarballs = repr({
            key: "@{}__{}//:package.tgz".format(tag.name, package["repository"])
            for key, package in packages.items()
        }),
    )}
    for folder, links in lock["importers"].items():
        if folder:
            contents[folder + "/BUILD.bazel"] = ""
        for alias, key in links.items():
            if packages[key]["has_bin"]:
                path = "/".join([part for part in [folder, alias, "package_json.bzl"] if part])
                contents[path] = "load(\"@{}__{}//:package_json.bzl\", _bin = \"bin\")\n\nbin = _bin\n".format(
                    tag.name,
                    packages[key]["repository"],
                )
    _hub(name = tag.name, contents = contents)

def _verify_ignored(file, content, importers):
    ignored = [line.strip().rstrip("/") for line in content.split("\n")]
    missing = [
        folder
        for folder in [importer + "/node_modules" if importer else "node_modules" for importer in importers]
        if folder not in ignored
    ]
    if missing:
        fail("npm_translate_lock: {} lacks: {}".format(file, ", ".join(missing)))

npm = module_extension(
    implementation = _npm_impl,
    tag_classes = {
        "npm_translate_lock": tag_class(attrs = {
            "name": attr.string(mandatory = True),
            "pnpm_lock": attr.label(mandatory = True),
            "verify_node_modules_ignored": attr.label(),
        }),
    },
)
