"""Reads .deb files: an `ar` archive of two tars, one of control files and one of content."""

import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_MAGIC = b"!<arch>\n"
_HEADER = 60


class DebError(Exception):
    """The file is not a Debian package that this can read; the message names it."""


@dataclass(frozen=True)
class Entry:
    """One file, folder or symbolic link. `path` has no leading slash; `mode` is the 12 low bits."""

    path: str
    mode: int
    kind: bytes
    content: bytes = b""
    target: str = ""


class Deb:
    """One package, read whole into memory (the images' packages are at most a few MB)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._members = dict(_members(path))

    def control(self) -> dict[str, str]:
        """The control files by name: `control`, `md5sums`, maintainer scripts."""
        with self._tar("control.tar") as tar:
            return {
                Path(member.name).name: (tar.extractfile(member) or io.BytesIO()).read().decode()
                for member in tar
                if member.isfile()
            }

    def entries(self) -> Iterator[Entry]:
        """The content, in the package's order. A hard link is given as a file of its own.

        Raises:
            DebError: A device node or another kind that no image should hold.
        """
        with self._tar("data.tar") as tar:
            for member in tar.getmembers():
                path = member.name.removeprefix("./").strip("/")
                if path in ("", "."):
                    continue
                if member.isdir():
                    yield Entry(path, member.mode, tarfile.DIRTYPE)
                elif member.issym():
                    yield Entry(path, 0o777, tarfile.SYMTYPE, target=member.linkname)
                elif member.isfile() or member.islnk():
                    source = tar.extractfile(member)
                    content = source.read() if source else b""
                    yield Entry(path, member.mode, tarfile.REGTYPE, content=content)
                else:
                    raise DebError(f"{self._path.name}: {path} is neither file, folder nor link")

    def _tar(self, stem: str) -> tarfile.TarFile:
        for name, content in self._members.items():
            if name.startswith(stem):
                try:
                    return tarfile.open(fileobj=io.BytesIO(content), mode="r:*")
                except tarfile.ReadError as error:
                    raise DebError(f"{self._path.name}: cannot unpack {name}: {error}") from error
        raise DebError(f"{self._path.name}: no {stem}.* inside")


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    data = path.read_bytes()
    if not data.startswith(_MAGIC):
        raise DebError(f"{path.name}: not a Debian package (no ar header)")
    offset = len(_MAGIC)
    while offset + _HEADER <= len(data):
        header = data[offset : offset + _HEADER]
        name = header[:16].decode().strip().rstrip("/")
        size = int(header[48:58])
        start = offset + _HEADER
        yield name, data[start : start + size]
        # Members start at even offsets.
        offset = start + size + size % 2
