"""Unpacks the programs of an archive, with the files that they need, into a folder.

An archive is a tar, compressed or not, or a zip (such as a jar) with one such tar inside.

Exit codes: 0 unpacked, 1 failed (one line on stderr says why).
"""

from __future__ import annotations

import argparse
import io
import posixpath
import sys
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

_TARS = (".tar", ".tgz", ".txz", ".tar.gz", ".tar.xz")
_EXECUTABLE = 0o100


class UnpackError(Exception):
    """The archive is of another form; the message is the one line that the user sees."""


def unpack(archive: Path, keep: Sequence[str], folder: Path) -> None:
    """Write the files of an archive whose paths match one of the patterns to a folder.

    Links become files, because not every cache of build outputs keeps links. A library that is a
    link from the name that programs load it by, `libpq.so.5`, to the name of one version of it is
    there under the first name only.

    Args:
        archive: see above.
        keep: patterns as of `PurePosixPath.full_match`.
        folder: where to; it may be there.

    Raises:
        UnpackError: the archive is not one, or has nothing that a pattern matches.
    """
    with tarfile.open(fileobj=io.BytesIO(_tar(archive))) as tar:
        members = {posixpath.normpath(member.name): member for member in tar if not member.isdir()}
        outputs: dict[str, list[str]] = {}
        for path in _kept(members, keep):
            outputs.setdefault(_file(members, path), []).append(path)
        # In the archive's order: each way back would unpack it from its beginning.
        for name, member in members.items():
            for path in outputs.get(name, ()):
                _write(tar, member, folder / path)


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, output: Path) -> None:
    source = tar.extractfile(member)
    if source is None:
        raise UnpackError(f"{member.name} is neither a file nor a link to one")
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(source.read())
    output.chmod(0o755 if member.mode & _EXECUTABLE else 0o644)


def _tar(archive: Path) -> bytes:
    if not zipfile.is_zipfile(archive):
        return archive.read_bytes()
    with zipfile.ZipFile(archive) as files:
        tars = [name for name in files.namelist() if name.endswith(_TARS)]
        if len(tars) != 1:
            raise UnpackError(f"there are {len(tars)} tars inside, not one")
        return files.read(tars[0])


def _kept(members: Mapping[str, tarfile.TarInfo], keep: Sequence[str]) -> list[str]:
    kept: set[str] = set()
    for pattern in keep:
        found = {path for path in members if PurePosixPath(path).full_match(pattern)}
        if not found:
            raise UnpackError(f"there is nothing like {pattern} inside")
        kept |= found
    return sorted(kept - {_file(members, path) for path in kept if members[path].issym()})


def _file(members: Mapping[str, tarfile.TarInfo], path: str) -> str:
    """Return the path of the file that a link leads to, or of the file itself."""
    link = members[path]
    if not link.issym():
        return path
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), link.linkname))
    if target not in members:
        raise UnpackError(f"{path} is a link to {target}, which is not inside")
    return target


def main(arguments: Sequence[str] | None = None) -> None:
    """Unpack what the arguments say."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--archive", type=Path, required=True)
    parser.add_argument("--keep", action="append", required=True, help="pattern of paths")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        unpack(options.archive, options.keep, options.output)
    except (UnpackError, tarfile.TarError, zipfile.BadZipFile) as error:
        sys.exit(f"unpack: {options.archive.name}: {error}")


if __name__ == "__main__":
    main()
