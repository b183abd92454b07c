"""python_lock: a hashed lock of Python packages, what makes it, and a test that it is current.

The workspace has one resolution, in its root. A program that needs another version of a package has
a requirements.in, a lock and a hub of its own; docs/migration.md shows it step by step.
"""

load("@rules_python//python:defs.bzl", "py_binary")
load("//tools/build:defs.bzl", "python_test")

_UPDATE = Label("//tools/requirements:update.py")
_LOCK = Label("//tools/requirements:lock")
_AGREEMENT = str(Label("//tools/requirements:tests/test_agreement.py"))
_HELD = str(Label("//tools/requirements:tests/test_held.py"))

def python_lock(name, held_by = None, options = []):
    """Declares that requirements_lock.txt of this package is made from its requirements.in.

    - `bazel run :<name>.update` makes it; `-- --upgrade` and the like go to `uv pip compile`;
    - `:<name>_lock_test` fails when the two disagree.

    Args:
        name: of the targets, usually "requirements".
        held_by: the lock, as a label, whose versions hold for all that requirements.in does not
            name. So a resolve differs in what it must, and a program can take packages of both.
        options: further options for `uv pip compile`, such as `--no-deps`.
    """
    package = native.package_name()
    target = "//{}:{}.update".format(package, name)
    held_args = []
    held_tests = []
    env = {
        "LOCK": "$(rootpath requirements_lock.txt)",
        "SOURCE": "$(rootpath requirements.in)",
        "TARGET": target,
    }
    data = ["requirements.in", "requirements_lock.txt"]
    if held_by:
        held_args = ["--held-by=" + _path(native.package_relative_label(held_by))]
        held_tests = [_HELD]
        env["HELD_BY"] = "$(rootpath {})".format(held_by)
        data.append(held_by)

    # By path and not by label, since the lock is not there before the first run.
    paths = ["/".join([part for part in [package, file] if part]) for file in data[:2]]
    py_binary(
        name = name + ".update",
        srcs = [_UPDATE],
        args = paths + ["--target=" + target] + held_args + ["--"] + options,
        main = _UPDATE,
        visibility = ["//visibility:private"],
        deps = [
            _LOCK,
            "@pip//uv",
        ],
    )
    python_test(
        name = name + "_lock_test",
        size = "small",
        srcs = [_AGREEMENT] + held_tests,
        data = data,
        env = env,
        deps = [_LOCK],
    )

def _path(label):
    return "/".join([part for part in [label.package, label.name] if part])
