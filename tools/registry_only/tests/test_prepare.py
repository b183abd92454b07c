"""The root filesystem is made whole, once, or not at all."""

import threading
from pathlib import Path

import pytest

from bazel_launcher.errors import LauncherError
from registry_only import apt, prepare


@pytest.fixture(autouse=True)
def _tools_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apt, "check_tools", lambda: None)


def _filled(root: Path, _work: Path) -> None:
    root.mkdir()
    (root / "bin").touch()


def test_two_calls_at_once_make_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path] = []
    second_waits = threading.Event()

    def fill(root: Path, work: Path) -> None:
        made.append(root)
        second_waits.wait(timeout=0.2)
        _filled(root, work)

    monkeypatch.setattr(prepare, "_fill", fill)
    calls = [
        threading.Thread(target=prepare.root_filesystem, args=(tmp_path,), name=f"call {number}")
        for number in range(2)
    ]
    for call in calls:
        call.start()
    for call in calls:
        call.join()
    assert len(made) == 1
    assert (prepare.root_filesystem(tmp_path) / "bin").exists()


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, LauncherError("no network")])
def test_interrupted_preparation_leaves_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    interruption: BaseException | type[BaseException],
) -> None:
    def fill(root: Path, work: Path) -> None:
        _filled(root, work)
        raise interruption

    monkeypatch.setattr(prepare, "_fill", fill)
    with pytest.raises((KeyboardInterrupt, LauncherError)):
        prepare.root_filesystem(tmp_path)
    assert [path.name for path in (tmp_path / "registry-only").iterdir()] == ["lock"]


def test_remains_of_a_killed_preparation_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = tmp_path / "registry-only/tmp1234.part"
    killed.mkdir(parents=True)
    monkeypatch.setattr(prepare, "_fill", _filled)
    prepare.root_filesystem(tmp_path)
    assert not killed.exists()


def test_a_full_disk_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "NEEDED_BYTES", 1 << 62)
    with pytest.raises(LauncherError, match=r"MB free and the build environment needs .* MB"):
        prepare.root_filesystem(tmp_path)


def _fake_apt(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for tool in ("apt-get", "apt-config", "dpkg"):
        (folder / tool).write_text(f"#!/bin/sh\n{script}\n")
        (folder / tool).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    monkeypatch.setattr(apt, "KEYRINGS", (folder,))


def test_apts_own_error_is_the_reason_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fake_apt(tmp_path, "echo 'E: Could not resolve host' >&2; exit 100", monkeypatch)
    monkeypatch.setenv("GRANARY_DEBIAN_MIRROR", "http://127.0.0.1:1/debian")
    with pytest.raises(LauncherError, match=r"^apt-config failed: Could not resolve host$|^dpkg"):
        apt.Archive(tmp_path / "apt")


def test_machine_without_a_debian_source_is_told_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fake_apt(tmp_path, "echo 'Packages http://mirror.example/ubuntu/'", monkeypatch)
    monkeypatch.delenv("GRANARY_DEBIAN_MIRROR", raising=False)
    with pytest.raises(LauncherError, match="set GRANARY_DEBIAN_MIRROR"):
        apt.mirror()
