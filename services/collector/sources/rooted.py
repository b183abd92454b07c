"""Opening a file below a root, and nothing else.

The path is walked name by name, each relative to the opened folder before it and none through a
link, so that what is swapped for a link in between is refused as well.
"""

import errno
import os
import stat
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from services.collector.sources.base import SourceError

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A FIFO without a writer opens at once, and is then seen not to be a file.
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC


def open_below(root: Path, path: str) -> IO[bytes]:
    """Open a regular file by its path of names below a root.

    Raises:
        SourceError: there is none, or a link is in the way; not permanent while it is missing.
    """
    *folders, name = path.split("/")
    with ExitStack() as opened:
        # The root itself is the operator's word, and may be a link.
        try:
            folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise _missing("the root", error) from None
        opened.callback(os.close, folder)
        for part in folders:
            try:
                folder = os.open(part, _FOLDER, dir_fd=folder)
            except OSError as error:
                raise _missing(ascii(part), error) from None
            opened.callback(os.close, folder)
        try:
            # Opening some devices does something to them; the second look is for what is swapped.
            _check_regular(os.stat(name, dir_fd=folder, follow_symlinks=False))
            descriptor = os.open(name, _FILE, dir_fd=folder)
        except OSError as error:
            raise _missing(ascii(name), error) from None
    file = os.fdopen(descriptor, "rb", buffering=128 * 1024)
    try:
        _check_regular(os.fstat(descriptor))
    except SourceError:
        file.close()
        raise
    return file


def fingerprint(file: IO[bytes]) -> list[int]:
    """Return numbers that are others once the file is replaced or written to."""
    found = os.fstat(file.fileno())
    return [found.st_ino, found.st_size, found.st_mtime_ns]


def _check_regular(found: os.stat_result) -> None:
    if stat.S_ISLNK(found.st_mode):
        raise SourceError("not-a-file", "links are not followed", permanent=True)
    if not stat.S_ISREG(found.st_mode):
        raise SourceError("not-a-file", "this is no regular file", permanent=True)


def _missing(what: str, error: OSError) -> SourceError:
    # A link where a folder should be is ENOTDIR, because of O_DIRECTORY, and elsewhere ELOOP.
    if isinstance(error, NotADirectoryError) or error.errno == errno.ELOOP:
        return SourceError("not-a-file", f"{what} is a link or no folder", permanent=True)
    return SourceError("source-unavailable", f"{what}: {error.strerror}", permanent=False)
