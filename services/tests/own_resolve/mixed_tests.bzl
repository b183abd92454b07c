"""What is packed has one version of each package: a program that mixes two resolves is refused."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")

def _mixed_test_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, "would come from both ../")
    asserts.expect_failure(env, "pip_own_resolve")
    return analysistest.end(env)

mixed_files_test = analysistest.make(
    _mixed_test_impl,
    doc = "Passes if the analysis of its target fails because a file has two origins.",
    expect_failure = True,
)
