"""Analysis tests of what deploy rules read of a zip."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//tools/build:artifact.bzl", "ArtifactInfo")

def _artifact_test_impl(ctx):
    env = analysistest.begin(ctx)
    info = analysistest.target_under_test(env)[ArtifactInfo]
    asserts.equals(env, "lambda_zip", info.kind)
    asserts.equals(env, ctx.attr.file, info.file.basename)
    asserts.equals(env, ctx.attr.digest, info.digest.basename)
    asserts.equals(
        env,
        {
            "architecture": ctx.attr.architecture,
            "handler": "tools.build.lambdas.examples.greeter.handler.handle",
            "runtime": "python3.13",
        },
        info.settings,
    )
    return analysistest.end(env)

_artifact_test = analysistest.make(
    _artifact_test_impl,
    attrs = {
        "architecture": attr.string(mandatory = True),
        "digest": attr.string(mandatory = True),
        "file": attr.string(mandatory = True),
    },
)

def artifact_test_suite(name):
    """Makes the tests.

    Args:
        name: the suite's name.
    """
    architectures = ["arm64", "x86_64"]
    for architecture in architectures:
        _artifact_test(
            name = "{}_{}_test".format(name, architecture),
            architecture = architecture,
            digest = "zip_{}.sha256".format(architecture),
            file = "greeter_{}.zip".format(architecture),
            target_under_test = "//tools/build/lambdas/examples/greeter:zip_" + architecture,
        )
    native.test_suite(
        name = name,
        tests = [":{}_{}_test".format(name, architecture) for architecture in architectures],
    )
