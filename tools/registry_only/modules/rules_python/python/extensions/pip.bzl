"""The `pip` extension: a hub of py_library targets over the wheels of a hashed lock.

Each wheel is a repository of its own, fetched when a target first needs it.
"""

load(":requirements.bzl", "parse_requirements")

_CPUS = {
    "linux_aarch64": "aarch64",
    "linux_x86_64": "x86_64",
}

def _wheel_impl(rctx):
    index = rctx.os.environ.get("PIP_INDEX_URL")
    if not index:
        fail("PIP_INDEX_URL is not set; tools/bazel sets it to the index that pip uses")
    page = "{}/{}/".format(index.rstrip("/"), rctx.attr.package.replace("_", "-"))
    helper = rctx.path(rctx.attr._helper)
    rctx.watch(rctx.attr._sdist)
    requirement = rctx.attr.package + "==" + rctx.attr.version
    chosen = json.decode(_run(rctx, [
        helper,
        "choose",
        page,
        requirement,
        rctx.attr.cpu,
    ] + rctx.attr.sha256))
    rctx.download(chosen["url"], "distribution", sha256 = chosen["sha256"])
    dependencies = json.decode(_run(rctx, [
        helper,
        "unpack",
        "distribution",
        requirement,
        rctx.attr.cpu,
        ",".join(rctx.attr.extras),
    ]))
    rctx.delete("distribution")
    rctx.file("BUILD.bazel", _WHEEL_BUILD.format(deps = "".join([
        '        "@{}{}//:pkg",\n'.format(rctx.attr.prefix, name)
        for name in dependencies
        if name in rctx.attr.locked
    ])))

def _run(rctx, arguments):
    done = rctx.execute(["/usr/bin/python3.13"] + arguments)
    if done.return_code != 0:
        fail(done.stderr.strip())
    return done.stdout

_WHEEL_BUILD = """\
load("@rules_python//python:py_library.bzl", "py_library")

package(default_visibility = ["//visibility:public"])

filegroup(
    name = "data",
    srcs = glob(["bin/**", "data/**", "include/**"], allow_empty = True),
)

filegroup(
    name = "dist_info",
    srcs = glob(["site-packages/*.dist-info/**"]),
)

py_library(
    name = "pkg",
    srcs = glob(["site-packages/**/*.py"], allow_empty = True),
    data = [":data"] + glob(["site-packages/**/*"], exclude = ["**/*.py"]),
    imports = ["site-packages"],
    deps = [
{deps}    ],
)
"""

_wheel = repository_rule(
    implementation = _wheel_impl,
    environ = ["PIP_INDEX_URL"],
    attrs = {
        "cpu": attr.string(mandatory = True),
        "extras": attr.string_list(),
        "locked": attr.string_list(doc = "The names of all packages in the lock."),
        "package": attr.string(mandatory = True),
        "prefix": attr.string(mandatory = True, doc = "What precedes a package's name in the name of its repository."),
        "sha256": attr.string_list(mandatory = True),
        "version": attr.string(mandatory = True),
        "_helper": attr.label(default = "//python/extensions:wheel.py"),
        "_sdist": attr.label(default = "//python/extensions:sdist.py"),
    },
)

def _hub_impl(rctx):
    for package in rctx.attr.packages:
        rctx.file(package + "/BUILD.bazel", "".join([
            _HUB_ALIAS.format(
                name = name,
                branches = "".join([
                    '        "@platforms//cpu:{}": "@{}_{}_{}//:{}",\n'.format(cpu, rctx.attr.hub, cpu, package, actual)
                    for cpu in rctx.attr.cpus
                ]),
            )
            for name, actual in [(package, "pkg"), ("pkg", "pkg"), ("data", "data"), ("dist_info", "dist_info")]
            if (name, actual) != ("pkg", "pkg") or package != "pkg"
        ]))
    rctx.file("BUILD.bazel", "")

_HUB_ALIAS = """\
alias(
    name = "{name}",
    actual = select({{
{branches}    }}),
    visibility = ["//visibility:public"],
)

"""

_hub = repository_rule(
    implementation = _hub_impl,
    attrs = {
        "cpus": attr.string_list(mandatory = True),
        "hub": attr.string(mandatory = True),
        "packages": attr.string_list(mandatory = True),
    },
)

def _pip_impl(module_ctx):
    for module in module_ctx.modules:
        for tag in module.tags.parse:
            _make_hub(module_ctx, tag)

def _make_hub(module_ctx, tag):
    requirements = parse_requirements(module_ctx.read(tag.requirements_lock), str(tag.requirements_lock))
    names = [requirement.name for requirement in requirements]
    for platform in tag.target_platforms:
        if platform not in _CPUS:
            fail("pip.parse: target_platforms has \"{}\"; this stand-in knows: {}".format(
                platform,
                ", ".join(_CPUS),
            ))
        cpu = _CPUS[platform]
        for requirement in requirements:
            _wheel(
                name = "{}_{}_{}".format(tag.hub_name, cpu, requirement.name),
                cpu = cpu,
                extras = requirement.extras,
                locked = names,
                package = requirement.name,
                prefix = "{}_{}_".format(tag.hub_name, cpu),
                sha256 = requirement.sha256,
                version = requirement.version,
            )
    _hub(
        name = tag.hub_name,
        cpus = [_CPUS[platform] for platform in tag.target_platforms],
        hub = tag.hub_name,
        packages = names,
    )

pip = module_extension(
    implementation = _pip_impl,
    tag_classes = {
        "parse": tag_class(attrs = {
            "envsubst": attr.string_list(),
            "experimental_index_url": attr.string(values = ["", "$PIP_INDEX_URL"]),
            "hub_name": attr.string(mandatory = True),
            "python_version": attr.string(mandatory = True, values = ["3.13"]),
            "requirements_lock": attr.label(mandatory = True, allow_single_file = True),
            "target_platforms": attr.string_list(mandatory = True),
        }),
    },
)
