"""What makes a zip the same whenever and wherever it is made, and readable by Lambda's own user."""

from collections.abc import Iterator
from itertools import pairwise

from tools.build.lambdas.checks.archive import Archive

# The oldest time that a zip can say.
_TIME = (1980, 1, 1, 0, 0, 0)
_FILE_MODE, _FOLDER_MODE = 0o644, 0o755


def order(archive: Archive) -> Iterator[str]:
    """Entries are sorted and each is there once."""
    for before, after in pairwise(archive.entries):
        # Without the slash at the end of a folder's name, as the tool sorts.
        if before.filename.rstrip("/") >= after.filename.rstrip("/"):
            yield f"{after.filename} comes after {before.filename}"


def times(archive: Archive) -> Iterator[str]:
    """Every entry has the one time that says nothing."""
    for entry in archive.entries:
        if entry.date_time != _TIME:
            yield f"{entry.filename} has the time {entry.date_time}"


def modes(archive: Archive) -> Iterator[str]:
    """Everybody may read: Lambda runs the function as a user that owns none of it."""
    for entry in archive.entries:
        mode = (entry.external_attr >> 16) & 0o7777
        expected = _FOLDER_MODE if entry.is_dir() else _FILE_MODE
        if mode != expected:
            yield f"{entry.filename} has the mode {mode:04o}, not {expected:04o}"
