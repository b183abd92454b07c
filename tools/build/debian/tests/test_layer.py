"""Packages become the same layer every time, without what an image must not hold."""

import tarfile
from pathlib import Path

import pytest

from tools.build.debian.layer import main
from tools.build.debian.tests.debs import deb, file, link


def make(
    folder: Path, *arguments: str | Path, name: str = "layer.tar"
) -> dict[str, tarfile.TarInfo]:
    """Run the tool and return the layer's entries by path."""
    output = folder / name
    assert main(["--output", str(output), *map(str, arguments)]) == 0
    with tarfile.open(output) as tar:
        return {member.name: member for member in tar}


def read(folder: Path, path: str) -> bytes:
    with tarfile.open(folder / "layer.tar") as tar:
        return (tar.extractfile(path) or pytest.fail(f"{path} has no content")).read()


def test_entries_are_sorted_owned_by_root_and_dated_1970(tmp_path: Path) -> None:
    package = deb(tmp_path, "demo", file("usr/b"), file("usr/a", mode=0o755))
    entries = make(tmp_path, "--deb", package)
    assert sorted(entries) == list(entries)
    assert {(0, 0, "", "", 0)} == {
        (e.uid, e.gid, e.uname, e.gname, e.mtime) for e in entries.values()
    }
    assert entries["usr/a"].mode == 0o755
    assert entries["usr"].isdir()


def test_the_bytes_do_not_depend_on_the_packages_order_in_their_archive(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    make(tmp_path, "--deb", deb(tmp_path / "1", "demo", file("a"), file("b")), name="1.tar")
    make(tmp_path, "--deb", deb(tmp_path / "2", "demo", file("b"), file("a")), name="2.tar")
    assert (tmp_path / "1.tar").read_bytes() == (tmp_path / "2.tar").read_bytes()


def test_documentation_goes_and_licences_stay(tmp_path: Path) -> None:
    package = deb(
        tmp_path,
        "demo",
        file("usr/share/doc/demo/copyright"),
        file("usr/share/doc/demo/changelog.gz"),
        file("usr/share/man/man1/demo.1.gz"),
        file("usr/share/locale/de/LC_MESSAGES/demo.mo"),
    )
    entries = make(tmp_path, "--deb", package)
    assert "usr/share/doc/demo/copyright" in entries
    assert not [path for path in entries if "changelog" in path or "man1" in path or ".mo" in path]


def test_what_is_dropped_leaves_no_empty_folder(tmp_path: Path) -> None:
    package = deb(tmp_path, "demo", file("usr/lib/x86/gconv/a.so"), file("usr/lib/a"))
    entries = make(tmp_path, "--deb", package, "--drop", "usr/lib/*/gconv")
    assert "usr/lib/a" in entries
    assert not [path for path in entries if path.startswith("usr/lib/x86")]


def test_scanners_find_the_packages_and_scripts_are_left_out(tmp_path: Path) -> None:
    sums = "0 " + " usr/kept\n" + "1  usr/share/man/gone\n"
    package = deb(tmp_path, "demo", file("usr/kept"), file("usr/share/man/gone"), md5sums=sums)
    entries = make(tmp_path, "--deb", package)
    assert read(tmp_path, "var/lib/dpkg/status.d/demo").startswith(b"Package: demo\nVersion: 1.0\n")
    assert read(tmp_path, "var/lib/dpkg/status.d/demo.md5sums") == b"0  usr/kept\n"
    assert not [path for path in entries if "postinst" in path]


def test_files_land_behind_the_links_of_the_merged_usr(tmp_path: Path) -> None:
    base = deb(tmp_path, "base", link("lib", "usr/lib"))
    old = deb(tmp_path, "old", file("lib/old.so"))
    entries = make(tmp_path, "--deb", base, "--deb", old)
    assert entries["lib"].issym()
    assert "usr/lib/old.so" in entries
    assert "lib/old.so" not in entries


def test_a_hard_link_becomes_a_file(tmp_path: Path) -> None:
    entries = make(
        tmp_path, "--deb", deb(tmp_path, "demo", file("b", b"1"), link("a", "./b", hard=True))
    )
    assert entries["a"].isreg()
    assert read(tmp_path, "a") == b"1"


def test_certificates_become_one_bundle(tmp_path: Path) -> None:
    folder = "usr/share/ca-certificates/mozilla"
    package = deb(
        tmp_path,
        "ca-certificates",
        file(f"{folder}/B.crt", b"B\n"),
        file(f"{folder}/A.crt", b"A\n\n"),
    )
    entries = make(tmp_path, "--deb", package, "--bundle-certificates")
    assert read(tmp_path, "etc/ssl/certs/ca-certificates.crt") == b"A\nB\n"
    assert not [path for path in entries if path.endswith("A.crt")]


def test_files_links_and_folders_are_added(tmp_path: Path) -> None:
    (tmp_path / "passwd").write_text("root")
    entries = make(
        tmp_path,
        f"--file=etc/passwd={tmp_path / 'passwd'}",
        "--symlink=usr/lib/ssl/cert.pem=/etc/ssl/certs/ca-certificates.crt",
        "--directory=tmp=1777",
    )
    assert read(tmp_path, "etc/passwd") == b"root"
    assert entries["usr/lib/ssl/cert.pem"].linkname == "/etc/ssl/certs/ca-certificates.crt"
    assert entries["tmp"].mode == 0o1777


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        ([file("a", mode=0o666)], [], "/a could be written by any user"),
        ([file("a")], ["--symlink=a=b"], "/a comes from demo and --symlink"),
        ([file("a")], ["--bundle-certificates"], "no certificates to bundle"),
    ],
)
def test_what_is_wrong_is_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: list[tuple[tarfile.TarInfo, bytes]],
    arguments: list[str],
    message: str,
) -> None:
    package = deb(tmp_path, "demo", *content)
    code = main(["--output", str(tmp_path / "out"), "--deb", str(package), *arguments])
    error = capsys.readouterr().err
    assert code == 1
    assert message in error
    assert len(error.splitlines()) == 1


def test_a_file_that_is_no_package_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "page.deb").write_text("<html>")
    assert main(["--output", str(tmp_path / "out"), "--deb", str(tmp_path / "page.deb")]) == 1
    assert "page.deb: not a Debian package" in capsys.readouterr().err
