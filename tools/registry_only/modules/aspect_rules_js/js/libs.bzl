"""What rules of other rule sets are made with."""

load("//js/private:copy_to_bin.bzl", _copy_to_bin = "copy_to_bin")
load("//js/private:js_binary.bzl", _JsBinaryInfo = "JsBinaryInfo", _NODE_TOOLCHAIN = "NODE_TOOLCHAIN")
load("//js/private:js_info.bzl", _runtime_files = "runtime_files")

JsBinaryInfo = _JsBinaryInfo
NODE_TOOLCHAIN = _NODE_TOOLCHAIN
copy_to_bin = _copy_to_bin
runtime_files = _runtime_files
