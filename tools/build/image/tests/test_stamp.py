"""Stamped lines carry the workspace's status, or the default where it has none."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("STABLE_GRANARY_VERSION v1.2.3\nOTHER x\n", "version=v1.2.3\n"),
        ("STABLE_GRANARY_VERSION \n", "version=0.0.0-dev\n"),
        ("OTHER x\n", "version=0.0.0-dev\n"),
    ],
)
def test_a_line_takes_the_value_or_its_default(tmp_path: Path, status: str, expected: str) -> None:
    (tmp_path / "status").write_text(status)
    subprocess.run(
        [
            sys.executable,
            "tools/build/image/stamp.py",
            f"--status={tmp_path / 'status'}",
            f"--output={tmp_path / 'out'}",
            "--value=version=STABLE_GRANARY_VERSION=0.0.0-dev",
            "--line=version={version}",
        ],
        check=True,
    )
    assert (tmp_path / "out").read_text() == expected
