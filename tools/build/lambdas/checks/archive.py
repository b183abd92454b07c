"""A function's zip as it is on disk: its entries, its sizes, its content unpacked."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path


class ArchiveError(Exception):
    """A file is no zip, or an entry of it would land outside the folder that it is unpacked to."""


@dataclass(frozen=True)
class Archive:
    """A zip; `entries` are in the order of the file, sizes in bytes."""

    path: Path
    entries: tuple[zipfile.ZipInfo, ...]

    @classmethod
    def read(cls, path: Path) -> Archive:
        """Read the directory of a zip.

        Raises:
            ArchiveError: it is none.
        """
        try:
            with zipfile.ZipFile(path) as content:
                return cls(path, tuple(content.infolist()))
        except (OSError, zipfile.BadZipFile) as error:
            raise ArchiveError(f"{path}: {error}") from error

    @property
    def files(self) -> list[zipfile.ZipInfo]:
        """The entries that are no folders."""
        return [entry for entry in self.entries if not entry.is_dir()]

    @property
    def zipped_bytes(self) -> int:
        """The size of the zip."""
        return self.path.stat().st_size

    @property
    def unzipped_bytes(self) -> int:
        """The size of the files in it, which is what Lambda counts."""
        return sum(entry.file_size for entry in self.entries)

    def text(self, name: str) -> str:
        """Return one entry, as UTF-8."""
        with zipfile.ZipFile(self.path) as content:
            return content.read(name).decode()

    def unpack(self, folder: Path) -> None:
        """Unpack into an empty folder, with the modes that the entries say.

        Raises:
            ArchiveError: an entry is absolute, has `..` in its path, or is a link.
        """
        with zipfile.ZipFile(self.path) as content:
            for entry in self.entries:
                parts = Path(entry.filename).parts
                if not parts or entry.filename.startswith("/") or ".." in parts:
                    raise ArchiveError(f"{self.path}: {entry.filename!r} is outside of the zip")
                if entry.external_attr >> 28 == 0o12:
                    raise ArchiveError(f"{self.path}: {entry.filename} is a link")
                content.extract(entry, folder)
                if not entry.is_dir():
                    (folder / entry.filename).chmod((entry.external_attr >> 16) & 0o777)
