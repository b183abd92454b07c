"""Bazel's built-in PyInfo under another name: a file cannot export a name that it also reads."""

# buildifier: disable=native-python
BuiltinPyInfo = PyInfo
