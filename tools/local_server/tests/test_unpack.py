"""Unpacking keeps what a program needs, as plain files, and refuses an archive of another form."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from tools.local_server.unpack import UnpackError, main, unpack

FILES = {
    "bin/server": (b"program", 0o755),
    "lib/libc.so.6.1": (b"library", 0o644),
    "lib/libplain.so.1": (b"plain", 0o644),
    "lib/lib.a": (b"for compilers", 0o644),
    "share/a/b.txt": (b"text", 0o600),
}
LINKS = {"lib/libc.so": "libc.so.6.1", "lib/libc.so.6": "libc.so.6.1", "lib/far": "../etc/gone"}


def archive(folder: Path) -> Path:
    path = folder / "programs.tar"
    with tarfile.open(path, "w:xz") as tar:
        # The targets come after their links.
        for name, target in LINKS.items():
            link = tarfile.TarInfo(f"./{name}")
            link.type, link.linkname = tarfile.SYMTYPE, target
            tar.addfile(link)
        for name, (content, mode) in FILES.items():
            file = tarfile.TarInfo(f"./{name}")
            file.size, file.mode = len(content), mode
            tar.addfile(file, io.BytesIO(content))
    return path


def jar(folder: Path, *names: str) -> Path:
    path = folder / "programs.jar"
    with zipfile.ZipFile(path, "w") as files:
        files.writestr("META-INF/MANIFEST.MF", "")
        for name in names:
            files.write(archive(folder), name)
    return path


def paths(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_only_what_is_named_is_unpacked(tmp_path: Path) -> None:
    unpack(archive(tmp_path), ["bin/server", "share/**"], tmp_path / "out")
    assert ["bin/server", "share/a/b.txt"] == paths(tmp_path / "out")


def test_a_library_is_there_once_under_the_name_that_programs_load(tmp_path: Path) -> None:
    unpack(archive(tmp_path), ["lib/*.so.*"], tmp_path / "out")
    assert ["lib/libc.so.6", "lib/libplain.so.1"] == paths(tmp_path / "out")
    library = tmp_path / "out/lib/libc.so.6"
    assert b"library" == library.read_bytes()
    assert not library.is_symlink()


def test_two_names_of_one_library_are_two_files(tmp_path: Path) -> None:
    unpack(archive(tmp_path), ["lib/libc.so*"], tmp_path / "out")
    assert ["lib/libc.so", "lib/libc.so.6"] == paths(tmp_path / "out")


@pytest.mark.parametrize(("path", "mode"), [("bin/server", 0o755), ("share/a/b.txt", 0o644)])
def test_modes_depend_on_being_a_program_alone(tmp_path: Path, path: str, mode: int) -> None:
    unpack(archive(tmp_path), [path], tmp_path / "out")
    assert mode == stat.S_IMODE((tmp_path / "out" / path).stat().st_mode)


def test_the_tar_of_a_jar_is_found(tmp_path: Path) -> None:
    unpack(jar(tmp_path, "postgres-linux.txz"), ["bin/*"], tmp_path / "out")
    assert ["bin/server"] == paths(tmp_path / "out")


@pytest.mark.parametrize("names", [(), ("a.txz", "b.txz")])
def test_a_jar_without_one_tar_is_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    with pytest.raises(UnpackError, match=rf"there are {len(names)} tars inside"):
        unpack(jar(tmp_path, *names), ["bin/*"], tmp_path / "out")


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        ("sbin/*", "there is nothing like sbin/* inside"),
        # A star does not reach into folders.
        ("share/*", "there is nothing like share/* inside"),
        ("lib/far", "lib/far is a link to etc/gone, which is not inside"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, keep: str, message: str) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["--archive", str(archive(tmp_path)), "--keep", keep, "--output", str(tmp_path)])
    assert f"unpack: programs.tar: {message}" in str(refused.value)


def test_what_is_no_archive_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<html>")
    with pytest.raises(SystemExit, match=r"unpack: page\.html: "):
        main(["--archive", str(tmp_path / "page.html"), "--keep", "**", "--output", str(tmp_path)])
