"""What the readers of file formats have in common."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Protocol

from pydantic import BaseModel

from services.collector.jobs import Reject
from services.collector.sites import Limits
from services.collector.sources.base import Row, SourceError
from services.collector.triggers import FileConfig

_CHUNK_BYTES = 4_000_000
"""Of lines in one chunk; there are fewer than `batch_rows` when they are long."""


class Place(BaseModel):
    """How far a file is read; where a reader begins, and where each chunk ends."""

    offset: int = 0
    """Bytes, unpacked, of lines that were read."""
    number: int = 0
    """Lines or, in formats without lines, records that were read."""


@dataclass(slots=True)
class Chunk:
    """Some rows of a file."""

    place: Place = field(default_factory=Place)
    """Where it ends."""
    rows: list[Row] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    def full(self, limits: Limits, size: int = 0) -> bool:
        """Say whether it has as many rows as a batch, or more bytes than are good for one."""
        return len(self.rows) + len(self.rejects) >= limits.batch_rows or size > _CHUNK_BYTES


class Reader(Protocol):
    """Reads one format, in a thread."""

    def __call__(
        self, file: IO[bytes], start: Place, config: FileConfig, limits: Limits
    ) -> Iterator[Chunk]:
        """Yield the rows of a file after a place. The file is at its beginning.

        Raises:
            SourceError: the file is not what it should be.
        """
        ...


def check_columns(names: Sequence[str], limits: Limits) -> None:
    """Refuse a table whose columns cannot be the fields of records.

    Raises:
        SourceError: `bad-file`.
    """
    if len(names) > limits.columns:
        raise bad_file(f"it has {len(names)} columns, more than {limits.columns}")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise bad_file(f"it has the column {twice[:40]!a} more than once")
    if not all(names):
        raise bad_file(f"its column {list(names).index('') + 1} has no name")


def bad_file(reason: str) -> SourceError:
    """Return the refusal of a file that no later attempt can read either."""
    return SourceError("bad-file", f"the file cannot be read: {reason}", permanent=True)


def skip(file: IO[bytes], size: int) -> None:
    """Pass over bytes of a file that may not be seekable.

    Raises:
        SourceError: it has fewer.
    """
    if file.seekable():
        file.seek(size, 1)
        return
    while size:
        passed = len(file.read(min(size, 1 << 20)))
        if not passed:
            raise bad_file("it is shorter than it was")
        size -= passed
