"""CSV with a header, as RFC 4180 has it; every value is text."""

import csv
from collections.abc import Iterator
from typing import IO

from services.collector.jobs import Reject
from services.collector.sites import Limits
from services.collector.sources.base import Row, SourceError
from services.collector.sources.lines import Lines
from services.collector.sources.reading import Chunk, Place, bad_file, check_columns
from services.collector.triggers import FileConfig


def read_csv(file: IO[bytes], start: Place, config: FileConfig, limits: Limits) -> Iterator[Chunk]:
    """As `Reader`."""
    lines = Lines(file, config.encoding, limits)
    reader = csv.reader(lines, delimiter=config.delimiter, strict=True)
    header = _header(reader, config)
    check_columns(header, limits)
    if start.offset:
        lines.go_to(start)
    more = True
    while more:
        chunk, since = Chunk(), lines.offset
        while more and not chunk.full(limits, lines.offset - since):
            position = f"line {lines.begin()}"
            try:
                values = next(reader, None)
            except UnicodeDecodeError:
                chunk.rejects.append(Reject(position, None, f"is not {config.encoding} text"))
                continue
            except csv.Error as error:
                chunk.rejects.append(_malformed(position, str(error)))
                continue
            if values is None:
                more = False
            elif len(values) == len(header):
                chunk.rows.append(Row(position, dict(zip(header, values, strict=True))))
            elif values:  # an empty line is none
                reason = f"has {len(values)} values, and the header {len(header)}"
                chunk.rejects.append(Reject(position, None, reason))
        chunk.place = lines.place
        yield chunk


def _header(reader: Iterator[list[str]], config: FileConfig) -> list[str]:
    try:
        names = next(reader, None)
    except UnicodeDecodeError:
        raise SourceError(
            "bad-encoding", f"the file's first line is not {config.encoding} text", permanent=True
        ) from None
    except csv.Error as error:
        raise bad_file(f"its header: {error}") from None
    if not names:
        raise bad_file("it has no header")
    return [name.strip() for name in names]


def _malformed(position: str, message: str) -> Reject:
    # After these the reader is in the midst of something, and what it gives next are no rows.
    if "unexpected end of data" in message:
        raise bad_file(f"a quote that opens in {position} is never closed")
    if "field larger than" in message:
        raise bad_file(f"a field that begins in {position} is too long: {message}")
    return Reject(position, None, f"is not CSV: {message}")
