"""The hooks, by git itself, in a repository whose `tools/bazel` only notes what it is asked."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

HOOKS = Path("tools/hooks").absolute()
CI = Path(".ci/run").read_text(encoding="utf-8")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the hooks turned on as their README line says, and one file to commit."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    work = tmp_path / "work"
    shutil.copytree(HOOKS, work / "tools" / "hooks", ignore=lambda *_: ["tests"])
    git(work, "init", "--quiet", "--initial-branch=main")
    git(work, "config", "user.name", "Granary")
    git(work, "config", "user.email", "granary@example.org")
    git(work, "config", "core.hooksPath", "tools/hooks")
    answer(work, status=0)
    (work / "file").write_text("text\n", encoding="utf-8")
    git(work, "add", "file")
    return work


def git(work: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", *arguments], cwd=work, check=check, capture_output=True, text=True
    )


def answer(work: Path, *, status: int) -> None:
    program = work / "tools" / "bazel"
    program.write_text(f'#!/bin/sh\necho "$@" >> asked\nexit {status}\n', encoding="utf-8")
    program.chmod(0o755)


def asked(work: Path) -> list[str]:
    """Return what Bazel was asked to do, without options."""
    lines = (work / "asked").read_text(encoding="utf-8").splitlines()
    return [" ".join(word for word in line.split() if not word.startswith("--")) for line in lines]


def test_a_commit_is_checked_as_ci_checks_it(repository: Path) -> None:
    git(repository, "commit", "-m", "Add a file")
    assert asked(repository) == ["run //:lint"]
    assert f"step tools/bazel {asked(repository)[0]} " in CI


def test_a_push_is_tested_as_ci_tests_it(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "remote.git")
    git(repository, "commit", "--no-verify", "-m", "Add a file")
    git(repository, "push", str(tmp_path / "remote.git"), "main")
    assert asked(repository) == ["test //..."]
    assert re.search(r"^step tools/bazel test //\.\.\. ", CI, re.MULTILINE)


def test_a_commit_that_fails_its_check_is_not_made(repository: Path) -> None:
    answer(repository, status=1)
    assert git(repository, "commit", "-m", "Add a file", check=False).returncode == 1
    assert git(repository, "rev-parse", "HEAD", check=False).returncode != 0


def test_a_push_that_fails_its_tests_is_not_made(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "remote.git")
    git(repository, "commit", "-m", "Add a file")
    answer(repository, status=3)
    pushed = git(repository, "push", str(tmp_path / "remote.git"), "main", check=False)
    assert pushed.returncode != 0
    assert not git(tmp_path / "remote.git", "for-each-ref").stdout
