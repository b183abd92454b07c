"""A request's body on disk: unpacked, counted and checked while it arrives.

Files have no names, so nothing is left behind however the process ends.
"""

import codecs
import zlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import IO

from libs.service_kit import ProblemError
from services.data_processor.problems import BAD_ENCODING, UNPACKS_TOO_LARGE, UNREADABLE_FILE

_PIECE = 1_000_000
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may come out of a packed body."""

    unpacked_bytes: int
    ratio: int


class _Text:
    """Checks that pieces are UTF-8 text, which one may cut a character of."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._passed = 0
        self.quotes = 0

    def check(self, piece: bytes, *, last: bool = False) -> None:
        """Raise ProblemError at the first byte that is not text."""
        pending = len(self._decoder.getstate()[0])
        bad = [piece.index(b"\0")] if b"\0" in piece else []
        try:
            self._decoder.decode(piece, last)
        except UnicodeDecodeError as error:
            bad.append(error.start - pending)
        if bad:
            raise ProblemError(
                BAD_ENCODING,
                f"byte {self._passed + min(bad)} of the file is not UTF-8 text; convert it from "
                "its encoding, as UTF-16 or Windows-1252, to UTF-8",
            )
        self._passed += len(piece)
        self.quotes += piece.count(b'"')


async def spool(
    body: AsyncIterator[bytes], file: IO[bytes], *, packed: bool, text: bool, limits: Limits
) -> int:
    """Write a body to a file, unpacked, and return the number of quotes in a text.

    The mark that some programs write before UTF-8 is left out. Raise ProblemError when the body is
    not what it is said to be, or becomes too large.
    """
    checker = _Text() if text else None
    unpacker = _Unpacker(limits) if packed else None
    written = 0
    async for chunk in body:
        for piece in unpacker.pieces(chunk) if unpacker else (chunk,):
            if checker:
                checker.check(piece)
            written += file.write(piece)
            if written > limits.unpacked_bytes:
                raise _too_large(f"it has more than {limits.unpacked_bytes} bytes")
    if unpacker:
        unpacker.end()
    if checker:
        checker.check(b"", last=True)
    if not written:
        raise ProblemError(UNREADABLE_FILE, "the file is empty")
    file.flush()
    file.seek(0)
    if not text or file.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
        file.seek(0)
    return checker.quotes if checker else 0


class _Unpacker:
    """Unpacks gzip, in members one after another, with a bound on what each byte becomes."""

    def __init__(self, limits: Limits) -> None:
        self._ratio = limits.ratio
        self._read = 0
        self._made = 0
        self._member = zlib.decompressobj(_GZIP)
        self._begun = False

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """Yield what a chunk becomes."""
        self._read += len(chunk)
        while chunk:
            if self._member.eof:
                self._member = zlib.decompressobj(_GZIP)
            try:
                piece = self._member.decompress(chunk, _PIECE)
            except zlib.error as error:
                raise ProblemError(
                    UNREADABLE_FILE, "the body is declared as gzip and is not"
                ) from error
            self._begun = True
            self._made += len(piece)
            if self._made > max(_PIECE, self._ratio * self._read):
                raise _too_large(f"each byte becomes more than {self._ratio}")
            if piece:
                yield piece
            chunk = self._member.unused_data if self._member.eof else self._member.unconsumed_tail

    def end(self) -> None:
        """Raise ProblemError unless the last member is whole."""
        if not (self._begun and self._member.eof):
            raise ProblemError(UNREADABLE_FILE, "the body ends in the middle of its gzip data")


def _too_large(why: str) -> ProblemError:
    return ProblemError(
        UNPACKS_TOO_LARGE, f"the file is too large: {why}", headers={"Connection": "close"}
    )
