"""Providers under the names that aspect_rules_js gives them."""

load("//js/private:js_info.bzl", _JsInfo = "JsInfo", _js_info = "js_info")

JsInfo = _JsInfo
js_info = _js_info
