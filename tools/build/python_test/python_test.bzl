"""pytest as Bazel tests."""

load("@rules_python//python:defs.bzl", "py_test")

_RESOLVES = Label("//tools/build/python_test:resolves.py")
_RUNNER = Label("//tools/build/python_test:run.py")
_SETTINGS = Label("//:pyproject.toml")
_WITH_COVERAGE = Label("//tools/build/python_test:with_coverage")

def python_test(name, srcs, deps = [], data = [], **kwargs):
    """Run test files with pytest; a target whose files hold no test fails.

    Args:
        name: the target's name.
        srcs: the test files, named `test_*.py`, and any `conftest.py`.
        deps: what the tests import; pytest itself is added.
        data: files that the tests read.
        **kwargs: other attributes of py_test, such as `size` and `env`.
    """
    tests = [src for src in srcs if src.rpartition("/")[2].startswith("test_")]
    others = [src for src in srcs if src not in tests and not src.endswith("conftest.py")]
    if not tests:
        fail("python_test \"{}\": srcs has no file named test_*.py: {}".format(name, srcs))
    if others:
        fail("python_test \"{}\": srcs has {}; put code that tests share in a py_library".format(name, others))
    py_test(
        name = name,
        srcs = srcs + [_RUNNER, _RESOLVES],
        args = ["$(rootpath {})".format(test) for test in tests] + select({
            _WITH_COVERAGE: ["--coverage"],
            "//conditions:default": [],
        }),
        data = data + [_SETTINGS],
        main = _RUNNER,
        deps = deps + [
            "@pip//pytest",
            "@pip//pytest_asyncio",
        ] + select({
            _WITH_COVERAGE: ["@pip//coverage"],
            "//conditions:default": [],
        }),
        **kwargs
    )
