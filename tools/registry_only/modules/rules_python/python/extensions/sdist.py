"""Unpack a source distribution that is nothing but Python, as its wheel would be.

Such a one has, in its `*.egg-info`, the names of its modules and packages; installing it copies
their sources. What has to be compiled, or made by a program of its own, is refused.
"""

import io
import tarfile
from collections.abc import Mapping
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath

_COMPILED = {".c", ".cc", ".cpp", ".cxx", ".f90", ".go", ".h", ".pyx", ".rs"}
# Beside the modules themselves, what type checkers look for.
_INSTALLED = {".py", ".pyi", ".typed"}
_SOURCE_ROOTS = ("", "src")


class SdistError(Exception):
    """The distribution cannot be installed by copying; the message says why."""


def is_sdist(name: str) -> bool:
    """Tell whether a file of an index is a source distribution."""
    return name.endswith(".tar.gz")


def unpack(content: bytes, name: str, version: str, target: Path) -> None:
    """Write the modules of a source distribution, and its metadata, below `target`.

    Args:
        content: the archive.
        name: as the lock has it, for the folder of the metadata.
        version: likewise.
        target: a folder that becomes part of the import path.

    Raises:
        SdistError: it is not pure Python, or not as setuptools leaves one.
    """
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        files = {
            PurePosixPath(*PurePosixPath(member.name).parts[1:]): member
            for member in archive.getmembers()
            if member.isfile()
        }
        compiled = sorted(str(path) for path in files if path.suffix in _COMPILED)
        if compiled:
            raise SdistError(f"has no wheel, and {compiled[0]} would have to be compiled")
        (listing,) = [path for path in files if path.match("*.egg-info/top_level.txt")] or [None]
        if listing is None:
            raise SdistError("has no wheel, and its source does not list its modules")
        modules = _text(archive, files[listing]).split()
        installed = {
            path.relative_to(root): member
            for root in _SOURCE_ROOTS
            for path, member in files.items()
            if path.is_relative_to(root) and _is_of(path.relative_to(root), modules)
        }
        if not installed:
            raise SdistError(f"has no wheel, and its source lacks its modules {modules}")
        for path, member in installed.items():
            if ".." in path.parts:
                raise SdistError(f"{path} leaves the folder")
            _write(target / path, _text(archive, member))
        info = target / f"{name.replace('-', '_')}-{version}.dist-info"
        _write(info / "top_level.txt", _text(archive, files[listing]))
        _write_metadata(info, archive, files)


def _write_metadata(
    info: Path, archive: tarfile.TarFile, files: Mapping[PurePosixPath, tarfile.TarInfo]
) -> None:
    metadata = _text(archive, files[PurePosixPath("PKG-INFO")])
    _write(info / "METADATA", metadata)
    # Who hands the modules on has to hand these on, too.
    for licence in HeaderParser().parsestr(metadata).get_all("License-File", []):
        if (path := PurePosixPath(licence)) in files and ".." not in path.parts:
            _write(info / "licenses" / path, _text(archive, files[path]))


def _is_of(path: PurePosixPath, modules: list[str]) -> bool:
    if not path.parts or path.suffix not in _INSTALLED:
        return False
    top = path.parts[0] if len(path.parts) > 1 else path.stem
    return top in modules


def _text(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    opened = archive.extractfile(member)
    return opened.read().decode("utf-8") if opened else ""


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
    path.chmod(0o644)
