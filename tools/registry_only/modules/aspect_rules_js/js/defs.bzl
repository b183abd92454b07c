"""The rules under the names that aspect_rules_js gives them: https://github.com/aspect-build/rules_js."""

load("//js/private:js_binary.bzl", _js_binary = "js_binary", _js_test = "js_test")
load("//js/private:js_library.bzl", _js_library = "js_library")
load("//js/private:js_run_binary.bzl", _js_run_binary = "js_run_binary")

js_binary = _js_binary
js_library = _js_library
js_run_binary = _js_run_binary
js_test = _js_test
