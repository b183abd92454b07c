"""ts_config: a tsconfig.json with those that it extends."""

load("@aspect_rules_js//js:libs.bzl", "copy_to_bin")
load("@aspect_rules_js//js:providers.bzl", "JsInfo", "js_info")

TsConfigInfo = provider(
    doc = "A tsconfig.json.",
    fields = {"deps": "A depset: it, those that it extends and what it takes types from."},
)

def _ts_config_impl(ctx):
    config = copy_to_bin(ctx, ctx.file.src)
    infos = [dep[JsInfo] for dep in ctx.attr.deps if JsInfo in dep]
    return [
        DefaultInfo(files = depset([config])),
        js_info(
            target = ctx.label,
            sources = depset([config]),
            deps = ctx.attr.deps,
        ),
        TsConfigInfo(deps = depset([config], transitive = [
            dep[TsConfigInfo].deps
            for dep in ctx.attr.deps
            if TsConfigInfo in dep
        ] + [
            files
            for info in infos
            for files in [info.transitive_sources, info.transitive_types, info.npm_sources]
        ])),
    ]

ts_config = rule(
    implementation = _ts_config_impl,
    attrs = {
        "deps": attr.label_list(
            doc = "Other ts_configs that this one extends, and npm packages or js_librarys that every project reads.",
            providers = [[TsConfigInfo], [JsInfo]],
        ),
        "src": attr.label(
            allow_single_file = [".json"],
            mandatory = True,
        ),
    },
)
