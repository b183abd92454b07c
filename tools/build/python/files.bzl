"""The one engine that decides what of a Python target is third-party, shared or the program's own.

Image layers and Lambda zips are both made from it, so that they cannot disagree. It reads PyInfo and
runfiles, which every Python rule set gives, and speaks rules_pkg's PackageFilesInfo, which pkg_tar
and pkg_zip take as `srcs`. The interpreter never appears: libraries do not carry it, and a file from
outside the workspace that is in no wheel is refused by name.
"""

load("@rules_pkg//pkg:providers.bzl", "PackageFilesInfo")
load("@rules_python//python:py_info.bzl", "PyInfo")

_SITE_PACKAGES = "/site-packages/"

# What a wheel's repository holds beside site-packages: scripts, headers and data for other prefixes.
_WHEEL_EXTRAS = ["bin", "data", "include", "share"]

# Of no use at run time. RECORD lists the files as installed, which is not how they are packed.
_LEFT_OUT_NAMES = ["INSTALLER", "RECORD", "REQUESTED", "direct_url.json"]
_LEFT_OUT_ENDINGS = [".pxd", ".pyc", ".pyi", ".pyx"]
_LEFT_OUT_FOLDERS = ["__pycache__", "tests"]

THIRD_PARTY = "third_party"
LIBS = "libs"
OWN = "own"
LEFT_OUT = "left_out"
UNKNOWN = "unknown"

def _classify(short_path, own_package, is_source = True):
    """Says what a file is and where it goes.

    Args:
        short_path: the file's path in runfiles, as `File.short_path` gives it.
        own_package: the package of the program; what is under it is the program's own.
        is_source: whether the file is not generated.

    Returns:
        A struct of `kind` (one of the constants above) and `path`: for third-party files relative to
        site-packages, for first-party ones relative to the workspace.
    """
    if not short_path.startswith("../"):
        own = short_path.startswith(own_package + "/")
        return struct(kind = OWN if own else LIBS, path = short_path)

    _, found, path = short_path.partition(_SITE_PACKAGES)
    if found:
        # rules_python generates an __init__.py in namespace packages, one in each wheel that shares
        # the package. In one folder they would collide, and Python needs none.
        useless = _useless(path) or (not is_source and path.endswith("/__init__.py"))
        return struct(kind = LEFT_OUT if useless else THIRD_PARTY, path = path)
    if short_path.split("/")[2] in _WHEEL_EXTRAS:
        return struct(kind = LEFT_OUT, path = short_path)
    return struct(kind = UNKNOWN, path = short_path)

def _useless(path):
    parts = path.split("/")
    return (
        parts[-1] in _LEFT_OUT_NAMES or
        any([path.endswith(ending) for ending in _LEFT_OUT_ENDINGS]) or
        any([folder in _LEFT_OUT_FOLDERS for folder in parts[:-1]])
    )

def _merge(destinations, path, file):
    """Adds a file at a destination; returns what is wrong, or None."""
    other = destinations.setdefault(path, file)
    if other != file:
        return "{} would come from both {} and {}".format(path, other.short_path, file.short_path)
    return None

def _files_of(targets):
    return depset(transitive = [
        depset(transitive = [target[PyInfo].transitive_sources, target[DefaultInfo].default_runfiles.files])
        for target in targets
    ]).to_list()

def _python_files_impl(ctx):
    left_out = {file: None for file in _files_of(ctx.attr.left_out)}
    destinations = {}
    for file in _files_of(ctx.attr.deps):
        if file in left_out:
            continue
        place = _classify(file.short_path, ctx.attr.own_package, file.is_source)
        if place.kind == UNKNOWN:
            fail("{}: {} is neither in the workspace nor in a wheel, so it cannot be packed".format(
                ctx.label,
                file.short_path,
            ))
        if place.kind not in ctx.attr.kinds:
            continue
        prefix = ctx.attr.third_party_prefix if place.kind == THIRD_PARTY else ctx.attr.prefix
        problem = _merge(destinations, "/".join([p for p in [prefix, place.path] if p]), file)
        if problem:
            fail("{}: {}".format(ctx.label, problem))
    return [
        DefaultInfo(files = depset(destinations.values())),
        PackageFilesInfo(attributes = {"mode": "0644"}, dest_src_map = destinations),
    ]

python_files = rule(
    implementation = _python_files_impl,
    doc = "The files of Python libraries that are of the given kinds, for pkg_tar and pkg_zip.",
    attrs = {
        "deps": attr.label_list(mandatory = True, providers = [PyInfo]),
        "kinds": attr.string_list(
            doc = "Which files: `third_party`, `libs` (the workspace's, outside own_package), `own`.",
            mandatory = True,
        ),
        "left_out": attr.label_list(
            doc = "Libraries whose files, and those of what they need, are elsewhere at run time.",
            providers = [PyInfo],
        ),
        "own_package": attr.string(
            doc = "The package of the program, such as `services/order_api`.",
            mandatory = True,
        ),
        "prefix": attr.string(doc = "Folder for the workspace's files, each at its path in the workspace."),
        "third_party_prefix": attr.string(doc = "Folder for third-party files: one flat site-packages."),
    },
)

files = struct(
    classify = _classify,
    merge = _merge,
)
