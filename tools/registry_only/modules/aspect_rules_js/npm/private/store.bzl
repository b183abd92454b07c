"""The folders of node_modules, laid out as pnpm does it.

A package lies in node_modules/.aspect_rules_js/<name>@<version>/node_modules/<name>, beside links to
what it depends on, and nothing else can be found from there. An importer's node_modules/<name> is
a link to it.
"""

load("//js:providers.bzl", "js_info")

_STORE = "node_modules/.aspect_rules_js/{}/node_modules/{}"

_PackageInfo = provider(
    doc = "A package of the store, by itself.",
    fields = {
        "files": "A list: its folder, and the links beside it.",
        "folder": "Its folder.",
    },
)

def _npm_package_folder_impl(ctx):
    folder = ctx.actions.declare_directory(_STORE.format(ctx.attr.store, ctx.attr.package))
    args = ctx.actions.args()
    args.add(ctx.file._unpack)
    args.add(ctx.file.tarball)
    args.add_all([folder], expand_directories = False)
    ctx.actions.run(
        executable = "/usr/bin/python3.13",
        arguments = [args],
        inputs = [ctx.file._unpack, ctx.file.tarball],
        outputs = [folder],
        mnemonic = "NpmUnpack",
        progress_message = "Unpacking npm package " + ctx.attr.store,
    )
    links = []
    for alias, store_and_name in ctx.attr.links.items():
        link = ctx.actions.declare_symlink(_STORE.format(ctx.attr.store, alias))
        ctx.actions.symlink(
            output = link,
            target_path = "{}../../{}".format("../" * alias.count("/"), store_and_name),
        )
        links.append(link)
    return [_PackageInfo(files = [folder] + links, folder = folder)]

# Without the files of what it depends on, since packages may depend on each other.
npm_package_folder = rule(
    implementation = _npm_package_folder_impl,
    attrs = {
        "links": attr.string_dict(
            doc = "By alias: what a package depends on, as <store name>/node_modules/<name>.",
        ),
        "package": attr.string(mandatory = True),
        "store": attr.string(mandatory = True),
        "tarball": attr.label(
            allow_single_file = True,
            mandatory = True,
        ),
        "_unpack": attr.label(
            default = Label("//npm/private:unpack.py"),
            allow_single_file = True,
        ),
    },
)

def _providers(ctx, folder, own, npm_sources):
    return [
        DefaultInfo(
            files = depset([own]),
            runfiles = ctx.runfiles(transitive_files = npm_sources),
        ),
        OutputGroupInfo(package_directory = depset([folder])),
        js_info(target = ctx.label, npm_sources = npm_sources),
    ]

def _npm_package_store_impl(ctx):
    folder = ctx.attr.folder[_PackageInfo].folder
    return _providers(ctx, folder, folder, depset([
        file
        for package in ctx.attr.closure
        for file in package[_PackageInfo].files
    ])) + [ctx.attr.folder[_PackageInfo]]

npm_package_store = rule(
    implementation = _npm_package_store_impl,
    attrs = {
        "closure": attr.label_list(
            doc = "The package and all that it depends on, directly or not.",
            providers = [_PackageInfo],
        ),
        "folder": attr.label(
            mandatory = True,
            providers = [_PackageInfo],
        ),
    },
)

def _npm_link_impl(ctx):
    folder = ctx.attr.store[_PackageInfo].folder
    link = ctx.actions.declare_symlink("node_modules/" + ctx.attr.alias)
    up = ctx.label.package.count("/") + 1 if ctx.label.package else 0
    ctx.actions.symlink(
        output = link,
        target_path = "../" * (up + 1 + ctx.attr.alias.count("/")) + folder.short_path,
    )
    return _providers(ctx, folder, link, depset(
        [link],
        transitive = [ctx.attr.store[DefaultInfo].default_runfiles.files],
    ))

npm_link = rule(
    implementation = _npm_link_impl,
    attrs = {
        "alias": attr.string(mandatory = True),
        "store": attr.label(
            mandatory = True,
            providers = [_PackageInfo],
        ),
    },
)
