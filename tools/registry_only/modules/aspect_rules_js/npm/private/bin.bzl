"""The programs that a package brings, as macros."""

load("//js:defs.bzl", "js_binary", "js_run_binary", "js_test")

# buildifier: disable=unnamed-macro
def bin_macros(store, programs):
    """Returns the macros for the programs of a package.

    Args:
        store: the label of the package in the workspace's store.
        programs: the path of each program in the package, by name.

    Returns:
        A struct with `<program>`, `<program>_binary` and `<program>_test` for each program.
    """
    fields = {}
    for program, path in programs.items():
        fields[program] = _run_macro(program, store, path)
        fields[program + "_binary"] = _start_macro(js_binary, store, path)
        fields[program + "_test"] = _start_macro(js_test, store, path)
    return struct(**fields)

def _start_macro(rule, store, path):
    # buildifier: disable=unnamed-macro
    def start(name, data = [], **kwargs):
        rule(
            name = name,
            data = data + [store],
            entry_point = store + "/dir",
            entry_point_path = path,
            **kwargs
        )

    return start

def _run_macro(program, store, path):
    # buildifier: disable=unnamed-macro
    def run(name, fixed_args = [], mnemonic = program.capitalize(), **kwargs):
        js_binary(
            name = name + "__js_binary",
            data = [store],
            entry_point = store + "/dir",
            entry_point_path = path,
            fixed_args = fixed_args,
            tags = ["manual"],
        )
        js_run_binary(
            name = name,
            mnemonic = mnemonic,
            tool = name + "__js_binary",
            **kwargs
        )

    return run
