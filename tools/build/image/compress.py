"""Compresses a file with gzip, without the time and the name that gzip writes by itself."""

import gzip
import shutil
import sys
from pathlib import Path

# zlib's own default: higher levels cost twice the time for about one percent.
_LEVEL = 6


def compress(source: Path, destination: Path) -> None:
    """Write `source`, compressed, to `destination`."""
    with (
        source.open("rb") as plain,
        destination.open("wb") as raw,
        gzip.GzipFile("", "wb", compresslevel=_LEVEL, fileobj=raw, mtime=0) as packed,
    ):
        shutil.copyfileobj(plain, packed, 1 << 20)


if __name__ == "__main__":
    compress(Path(sys.argv[1]), Path(sys.argv[2]))
