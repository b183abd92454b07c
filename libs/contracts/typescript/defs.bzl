"""typescript_contract: what TypeScript reads a contract with, made from its JSON Schema."""

load("@aspect_rules_js//js:defs.bzl", "js_library", "js_run_binary")
load("@aspect_rules_ts//ts:defs.bzl", "ts_project")

def typescript_contract(name, schema, visibility = None):
    """Makes the ts_project `<name>` of `<name>.ts`, types and a validator.

    `<name>.ts` is written by hand; it imports `./<name>_types.js` and `./<name>_validator.cjs`.

    Args:
        name: the contract's name.
        schema: its JSON Schema.
        visibility: of the ts_project.
    """
    types, validator, declaration = [
        name + ending
        for ending in ["_types.ts", "_validator.cjs", "_validator.d.cts"]
    ]
    js_run_binary(
        name = "_{}_generated".format(name),
        srcs = [schema],
        outs = [types, validator, declaration],
        args = [
            "$(rootpath {})".format(path)
            for path in [schema, types, validator, declaration]
        ],
        mnemonic = "GranaryContract",
        progress_message = "Generating TypeScript of %{label}",
        tool = "//libs/contracts/typescript:generate",
        # A tool of this machine, whatever is built.
        use_execroot_entry_point = False,
    )
    js_library(
        name = "_{}_validator".format(name),
        srcs = [validator, declaration],
        deps = ["//:node_modules/ajv"],
    )
    ts_project(
        name = name,
        srcs = [name + ".ts", types],
        declaration = True,
        source_map = True,
        transpiler = "tsc",
        tsconfig = "//:tsconfig",
        visibility = visibility,
        deps = [
            ":_{}_validator".format(name),
            "//:node_modules/ajv",
        ],
    )
