"""Locks made from wheels in a folder, by uv as it is, without a network."""

import sys
import zipfile
from pathlib import Path

import pytest

from tools.requirements import update
from tools.requirements.lock import input_digest, pins, recorded_digest


def wheel(folder: Path, name: str, version: str, *needs: str) -> None:
    """Make the smallest wheel that a resolver takes."""
    info = f"{name}-{version}.dist-info"
    metadata = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {n}" for n in needs)]
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{info}/METADATA", "\n".join(["Metadata-Version: 2.1", *metadata, ""]))
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace whose lock has frames 3 and arrays 1, and wheels of later arrays, too."""
    root = tmp_path / "workspace"
    wheels = root / "wheels"
    wheels.mkdir(parents=True)
    for version in ("2.0", "3.0"):
        wheel(wheels, "frames", version, "arrays>=1")
    for version in ("1.0", "1.5"):
        wheel(wheels, "arrays", version)
    (root / "requirements_lock.txt").write_text("arrays==1.0\nframes==3.0\n")
    (root / "own").mkdir()
    (root / "own/requirements.in").write_text("frames<3\n")
    monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", str(root))
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    return root


def lock(workspace: Path, *options: str) -> int:
    """Make the lock in `own`."""
    return update.main(
        [
            "own/requirements.in",
            "own/requirements_lock.txt",
            "--target=//own:requirements.update",
            *options,
            "--",
            "--no-index",
            f"--find-links={workspace / 'wheels'}",
            f"--python={sys.executable}",
        ]
    )


def test_a_resolve_of_its_own_takes_the_newest_when_nothing_holds_it(workspace: Path) -> None:
    assert 0 == lock(workspace)
    made = (workspace / "own/requirements_lock.txt").read_text()
    assert {"arrays": "1.5", "frames": "2.0"} == pins(made)
    assert input_digest("frames<3") == recorded_digest(made)
    assert "`bazel run //own:requirements.update`" in made
    assert 2 == made.count("--hash=sha256:")


def test_what_it_does_not_name_is_held_to_the_other_lock(workspace: Path) -> None:
    assert 0 == lock(workspace, "--held-by=requirements_lock.txt")
    made = (workspace / "own/requirements_lock.txt").read_text()
    assert {"arrays": "1.0", "frames": "2.0"} == pins(made)
    assert str(workspace) not in made


def test_a_resolve_that_fails_leaves_the_lock_and_nothing_else(
    workspace: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (workspace / "own/requirements.in").write_text("frames>3\n")
    (workspace / "own/requirements_lock.txt").write_text("frames==2.0\n")
    before = sorted(workspace.rglob("*"))
    assert 0 != lock(workspace)
    assert "frames" in capfd.readouterr().err
    assert "frames==2.0\n" == (workspace / "own/requirements_lock.txt").read_text()
    assert before == sorted(workspace.rglob("*"))
