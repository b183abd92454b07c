"""The rules under the names that aspect_rules_ts gives them: https://github.com/aspect-build/rules_ts."""

load("//ts/private:ts_config.bzl", _ts_config = "ts_config")
load("//ts/private:ts_project.bzl", _ts_project = "ts_project")

ts_config = _ts_config
ts_project = _ts_project
