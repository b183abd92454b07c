"""The stand-in unpacks npm packages as npm does, and nothing outside of their folder."""

import importlib.util
import io
import tarfile
from pathlib import Path

import pytest

_SOURCE = Path("tools/registry_only/modules/aspect_rules_js/npm/private/unpack.py")
_spec = importlib.util.spec_from_file_location("unpack", _SOURCE)
assert _spec is not None and _spec.loader is not None
unpack = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(unpack)


def packed(folder: Path, files: dict[str, tuple[int, bytes]]) -> Path:
    """Make a tarball of files with modes and contents."""
    tarball = folder / "package.tgz"
    with tarfile.open(tarball, "w:gz") as archive:
        for name, (mode, content) in files.items():
            entry = tarfile.TarInfo(name)
            entry.mode, entry.size = mode, len(content)
            archive.addfile(entry, io.BytesIO(content))
    return tarball


@pytest.mark.parametrize("top", ["package", "node"])
def test_the_one_folder_of_a_tarball_is_dropped_whatever_its_name(tmp_path: Path, top: str) -> None:
    tarball = packed(
        tmp_path,
        {f"{top}/package.json": (0o600, b"{}"), f"{top}/bin/tool": (0o777, b"#!/bin/sh\n")},
    )
    unpack.unpack(tarball, tmp_path / "out")
    modes = {
        str(path.relative_to(tmp_path / "out")): path.stat().st_mode & 0o777
        for path in (tmp_path / "out").rglob("*")
        if path.is_file()
    }
    assert modes == {"package.json": 0o644, "bin/tool": 0o755}


def test_an_entry_outside_of_the_folder_is_refused(tmp_path: Path) -> None:
    tarball = packed(tmp_path, {"package/../../evil.js": (0o644, b"")})
    with pytest.raises(ValueError, match="leaves the folder"):
        unpack.unpack(tarball, tmp_path / "out")
    assert not list(tmp_path.rglob("evil.js"))


def test_a_link_is_no_part_of_a_package(tmp_path: Path) -> None:
    tarball = tmp_path / "package.tgz"
    with tarfile.open(tarball, "w:gz") as archive:
        entry = tarfile.TarInfo("package/link")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(entry)
    unpack.unpack(tarball, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_one_file_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tarball = packed(tmp_path, {"package/package.json": (0o644, b'{"name": "demo"}')})
    unpack.main(str(tarball), "package.json")
    assert capsys.readouterr().out == '{"name": "demo"}\n'


def test_a_file_that_is_no_package_is_refused(tmp_path: Path) -> None:
    (tmp_path / "package.tgz").write_bytes(b"not found")
    with pytest.raises(SystemExit, match=r"package\.tgz: "):
        unpack.main(str(tmp_path / "package.tgz"), str(tmp_path / "out"))
    tarball = packed(tmp_path, {"package/index.js": (0o644, b"")})
    with pytest.raises(SystemExit, match=r"package.json is missing"):
        unpack.main(str(tarball), "package.json")
