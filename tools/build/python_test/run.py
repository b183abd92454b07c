"""Run pytest on the files named on the command line, as Bazel's test protocol wants it.

See https://bazel.build/reference/test-encyclopedia for the variables.
"""

import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tools.build.python_test.resolves import two_versions

COVERAGE = "--coverage"


def main(arguments: list[str]) -> int:
    """Return pytest's exit code: 5 if the files hold no test.

    A path with a package in two versions ends the program before any test.
    """
    if problems := two_versions(sys.path):
        sys.exit("\n".join(problems))
    if COVERAGE not in arguments:
        return _run(arguments)
    with _noting_lines():
        return _run([argument for argument in arguments if argument != COVERAGE])


@contextmanager
def _noting_lines() -> Iterator[None]:
    """Write which lines ran to the test's outputs, where `tools/coverage` finds it."""
    import coverage  # only there when it is asked for

    file = Path(os.environ["TEST_UNDECLARED_OUTPUTS_DIR"], "coverage")
    noting = coverage.Coverage(data_file=str(file), config_file="pyproject.toml")
    noting.start()
    try:
        yield
    finally:
        noting.stop()
        noting.save()


class _UnhurriedExamples:
    """Let no example fail for the time that it takes, which is a busy machine's and not its own."""

    def pytest_configure(self) -> None:
        if importlib.util.find_spec("hypothesis") is None:
            return
        from hypothesis import HealthCheck, settings  # only there when tests use it

        settings.register_profile(
            "python_test", deadline=None, suppress_health_check=[HealthCheck.too_slow]
        )
        settings.load_profile("python_test")


def _run(files: list[str]) -> int:
    temporary = os.environ["TEST_TMPDIR"]
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", f"{temporary}/hypothesis")
    options = ["-c", "pyproject.toml", "--rootdir", ".", f"--basetemp={temporary}/pytest"]
    if report := os.environ.get("XML_OUTPUT_FILE"):
        options.append(f"--junitxml={report}")
    if selected := os.environ.get("TESTBRIDGE_TEST_ONLY"):
        options += ["-k", selected]
    return pytest.main(options + files, plugins=[_UnhurriedExamples()])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
