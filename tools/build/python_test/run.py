"""Run pytest on the files named on the command line, as Bazel's test protocol wants it.

See https://bazel.build/reference/test-encyclopedia for the variables.
"""

import os
import sys

import pytest


def main(files: list[str]) -> int:
    """Return pytest's exit code: 5 if the files hold no test."""
    temporary = os.environ["TEST_TMPDIR"]
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", f"{temporary}/hypothesis")
    options = ["-c", "pyproject.toml", "--rootdir", ".", f"--basetemp={temporary}/pytest"]
    if report := os.environ.get("XML_OUTPUT_FILE"):
        options.append(f"--junitxml={report}")
    if selected := os.environ.get("TESTBRIDGE_TEST_ONLY"):
        options += ["-k", selected]
    return pytest.main(options + files)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
