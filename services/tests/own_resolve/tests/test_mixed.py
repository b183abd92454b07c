"""A program that has both versions of pandas on its path does not get to its first test."""

import os
import subprocess
from pathlib import Path


def test_a_test_that_mixes_both_resolves_fails_and_names_the_package(tmp_path: Path) -> None:
    done = subprocess.run(
        [os.environ["MIXED"]],
        env={**os.environ, "TEST_TMPDIR": str(tmp_path)},
        capture_output=True,
        check=False,
        text=True,
    )
    assert 1 == done.returncode
    (line,) = done.stderr.splitlines()
    assert line.startswith("pandas is here in two versions, ")
    assert "pip_own_resolve" in line
    assert "docs/migration.md" in line
    assert "passed" not in done.stdout
