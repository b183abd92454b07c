"""PyInfo, which Bazel 7 still has built in."""

load(":builtin_py_info.bzl", "BuiltinPyInfo")

PyInfo = BuiltinPyInfo
