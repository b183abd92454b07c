"""Unpack the tarball of one npm package.

Usage:
    unpack.py TARBALL FOLDER        everything
    unpack.py TARBALL package.json  prints that one file

As npm does, it drops the one folder that a tarball holds everything in, whatever its name.
"""

import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath


def files(tarball: Path) -> Iterator[tuple[str, bool, bytes]]:
    """Yield path, whether it is a program, and content of each file of a package.

    Raises:
        ValueError: a path leaves the package.
    """
    with tarfile.open(tarball) as archive:
        for entry in archive:
            content = archive.extractfile(entry) if entry.isfile() else None
            if content is None:
                continue  # a folder; links and devices are no part of a package
            path = PurePosixPath(*PurePosixPath(entry.name).parts[1:])
            if path.is_absolute() or ".." in path.parts or not path.parts:
                raise ValueError(f"{entry.name} leaves the folder")
            yield str(path), bool(entry.mode & 0o100), content.read()


def unpack(tarball: Path, folder: Path) -> None:
    """Unpack a package below `folder`, with modes that do not depend on who packed it."""
    for path, is_program, content in files(tarball):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(0o755 if is_program else 0o644)


def read(tarball: Path, name: str) -> str:
    """Return one file of a package as text.

    Raises:
        ValueError: the package has no such file.
    """
    for path, _, content in files(tarball):
        if path == name:
            return content.decode("utf-8")
    raise ValueError(f"{name} is missing")


def main(tarball: str, target: str) -> None:
    """Unpack a tarball, or print its package.json."""
    try:
        if target == "package.json":
            print(read(Path(tarball), target))
        else:
            unpack(Path(tarball), Path(target))
    except (tarfile.TarError, ValueError) as error:
        sys.exit(f"{tarball}: {error}")


if __name__ == "__main__":
    main(*sys.argv[1:])
