"""Lines of a file of text, of bounded length, counted in lines and bytes."""

import codecs
from collections.abc import Iterator
from typing import IO

from services.collector.sites import Limits
from services.collector.sources.base import SourceError
from services.collector.sources.reading import Place, bad_file, skip

_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Lines(Iterator[str]):
    """The lines of a file, with their ends.

    It is no generator, because it goes on after a line that cannot be decoded.
    """

    def __init__(self, file: IO[bytes], encoding: str, limits: Limits) -> None:
        self._file = file
        self._encoding = encoding
        self._most = limits.line_bytes
        self.offset = 0
        self.number = 0
        self._begun_at = 0

    @property
    def place(self) -> Place:
        """How far the lines are read."""
        return Place(offset=self.offset, number=self.number)

    def begin(self) -> int:
        """Begin a record, which may take several lines; return the number of its first."""
        self._begun_at = self.offset
        return self.number + 1

    def go_to(self, place: Place) -> None:
        """Pass over what was read by an earlier attempt."""
        skip(self._file, place.offset - self.offset)
        self.offset, self.number = place.offset, place.number

    def read(self) -> bytes:
        """Return the next line; nothing at the end.

        Raises:
            SourceError: the record that was begun has become too long.
        """
        line = self._file.readline(self._most + 1)
        first = self.offset == 0
        self.offset += len(line)
        self.number += bool(line)
        if self.offset - self._begun_at > self._most:
            raise bad_file(f"the record at line {self.number} is over {self._most} bytes")
        if first and line.startswith(_WIDE):
            raise SourceError(
                "bad-encoding", "the file is UTF-16; convert it to UTF-8", permanent=True
            )
        return line.removeprefix(codecs.BOM_UTF8) if first else line

    def __next__(self) -> str:
        """Return the next line. Raise UnicodeDecodeError when it is in another encoding."""
        line = self.read()
        if not line:
            raise StopIteration
        return line.decode(self._encoding)
