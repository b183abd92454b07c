"""Unpacking what others packed, never into more than was agreed."""

import gzip
import io
import zlib
from collections.abc import Buffer
from typing import IO

_FREE_BYTES = 1_000_000
"""What a file may become whatever its ratio; short texts of one letter pack well."""
_GZIP = 16 + zlib.MAX_WBITS


class TooLargeError(Exception):
    """There is more than was agreed; the message says how much that is."""


class TruncatedError(Exception):
    """The packed bytes end too early."""


class Unpacker:
    """An answer's body, piece by piece.

    Args:
        coding: the Content-Encoding: `identity`, `gzip` or `deflate`.
        most: bytes that may come out.

    Raises:
        ValueError: the coding is another.
    """

    def __init__(self, coding: str, most: int) -> None:
        if coding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
            raise ValueError(coding)
        self._coding = coding.removeprefix("x-")
        self._most = most
        self._pieces: list[bytes] = []
        self._size = 0
        self._received = 0
        self._unpacking = zlib.decompressobj(_GZIP) if self._coding == "gzip" else None

    def feed(self, piece: bytes) -> None:
        """Take the next bytes as they were sent.

        Raises:
            TooLargeError: they are, or become, too many.
            zlib.error: they are not what the coding says.
        """
        self._received += len(piece)
        if self._received > self._most:
            raise TooLargeError(f"more than {self._most} bytes")
        if self._coding in {"", "identity"}:
            self._keep(piece)
            return
        while piece:
            if self._unpacking is None:
                # RFC 9110 means zlib's format; some servers send the bare stream in it.
                wrapped = piece[0] & 0x0F == zlib.DEFLATED
                self._unpacking = zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
            elif self._unpacking.eof:
                self._unpacking = zlib.decompressobj(_GZIP)
            self._keep(self._unpacking.decompress(piece, self._most - self._size + 1))
            piece = self._unpacking.unused_data if self._coding == "gzip" else b""

    def _keep(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > self._most:
            raise TooLargeError(f"more than {self._most} bytes")

    def whole(self) -> bytes:
        """Return all of it. Raise TruncatedError when the packed bytes are not complete."""
        if self._unpacking is not None and not self._unpacking.eof:
            raise TruncatedError
        return b"".join(self._pieces)


class _Unpacked(io.RawIOBase):
    """A gzip file's content, with limits."""

    def __init__(self, packed: IO[bytes], *, most: int, ratio: int) -> None:
        self._packed = packed
        self._file = gzip.GzipFile(fileobj=packed, mode="rb")
        self._most = most
        self._ratio = ratio
        self._size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, target: Buffer) -> int:
        got = self._file.readinto(target)
        self._size += got
        if self._size > self._most:
            raise TooLargeError(f"more than {self._most} bytes when unpacked")
        if self._size > max(_FREE_BYTES, self._ratio * self._packed.tell()):
            raise TooLargeError(f"more than {self._ratio} times its size when unpacked")
        return got


def unpacked(packed: IO[bytes], *, most: int, ratio: int) -> IO[bytes]:
    """Return a reader of a gzip file's content.

    Its reads raise TooLargeError past the limits; and OSError, EOFError or zlib.error when the file
    is not whole.
    """
    return io.BufferedReader(_Unpacked(packed, most=most, ratio=ratio), 128 * 1024)
