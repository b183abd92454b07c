"""Reading NDJSON in chunks of bounded size, for `plain`."""

from collections.abc import Iterator
from typing import IO, NamedTuple

import orjson

from libs.service_kit import ProblemError
from services.data_processor.problems import ROW_TOO_LONG
from services.data_processor.rejects import Reject

_LONGEST_LINE = 1_000_000
_CHUNK_ROWS = 5_000
_CHUNK_BYTES = 2_000_000


class Lines(NamedTuple):
    """Some lines of a file."""

    rows: list[object]
    numbers: list[int]
    rejects: list[Reject]
    """Of lines that are not JSON."""


def read_ndjson(file: IO[bytes]) -> Iterator[Lines]:
    """Yield the lines of an NDJSON file; empty ones count and say nothing.

    Raise ProblemError for a line that is too long.
    """
    chunk = Lines([], [], [])
    number = size = 0
    while line := file.readline(_LONGEST_LINE + 1):
        number += 1
        size += len(line)
        if len(line) > _LONGEST_LINE:
            raise ProblemError(ROW_TOO_LONG, f"line {number} has more than {_LONGEST_LINE} bytes")
        if line.isspace():
            continue
        try:
            chunk.rows.append(orjson.loads(line))
        except orjson.JSONDecodeError as error:
            reason = f"The line is not JSON: {error.msg} at character {error.pos}"
            chunk.rejects.append(Reject(number, None, "not_json", reason))
        else:
            chunk.numbers.append(number)
        if size > _CHUNK_BYTES or len(chunk.rows) + len(chunk.rejects) >= _CHUNK_ROWS:
            yield chunk
            chunk, size = Lines([], [], []), 0
    yield chunk
