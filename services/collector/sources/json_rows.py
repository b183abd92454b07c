"""JSON: one object a line, or a list of objects in one document."""

import codecs
from collections.abc import Iterator
from decimal import Decimal
from typing import IO, Any

import ijson

from services.collector.jobs import Reject
from services.collector.sites import Limits
from services.collector.sources.base import Row
from services.collector.sources.documents import parse_json, why_not_json
from services.collector.sources.lines import Lines
from services.collector.sources.reading import Chunk, Place, bad_file
from services.collector.triggers import FileConfig

type _Events = Iterator[tuple[str, Any]]

_PIECE_BYTES = 64 * 1024
_DEEPEST = 200
_OPENING = frozenset({"start_map", "start_array"})
_CLOSING = frozenset({"end_map", "end_array"})


def read_ndjson(
    file: IO[bytes], start: Place, config: FileConfig, limits: Limits
) -> Iterator[Chunk]:
    """As `Reader`."""
    del config
    lines = Lines(file, "utf-8", limits)
    lines.go_to(start)
    more = True
    while more:
        chunk, since = Chunk(), lines.offset
        while more and not chunk.full(limits, lines.offset - since):
            position = f"line {lines.begin()}"
            line = lines.read()
            if not line:
                more = False
            elif not line.isspace():
                _add_line(chunk, position, line)
        chunk.place = lines.place
        yield chunk


def _add_line(chunk: Chunk, position: str, line: bytes) -> None:
    try:
        values = parse_json(line)
    except ValueError as error:
        chunk.rejects.append(Reject(position, None, f"is not JSON: {why_not_json(error)}"))
        return
    if isinstance(values, dict):
        chunk.rows.append(Row(position, values))
    else:
        chunk.rejects.append(Reject(position, None, "is not an object"))


def read_json(file: IO[bytes], start: Place, config: FileConfig, limits: Limits) -> Iterator[Chunk]:
    """As `Reader`."""
    metered = _Metered(file, limits.line_bytes)
    # Not ijson's `items`: for each value that is open it keeps the whole path to it.
    events = ijson.basic_parse(metered, buf_size=_PIECE_BYTES)
    try:
        yield from _chunks(events, metered, start, config, limits)
    except ijson.JSONError as error:
        raise bad_file(f"it is not JSON: {_first_line(error)}") from None
    except (ValueError, SystemError):
        # An integer of thousands of digits; ijson's parser reports it as an error of its own.
        raise bad_file("it has a number that is too long") from None


def _chunks(
    events: _Events, metered: "_Metered", start: Place, config: FileConfig, limits: Limits
) -> Iterator[Chunk]:
    _find_list(events, config.records)
    chunk = Chunk()
    number = 0
    for event in events:
        if event[0] == "end_array":
            break
        value, deep = _build(event, events)
        metered.reset()
        number += 1
        if number <= start.number:
            continue
        position = f"record {number}"
        if isinstance(value, dict) and not deep:
            chunk.rows.append(Row(position, value))
        else:
            reason = "is nested too deeply" if deep else "is not an object"
            chunk.rejects.append(Reject(position, None, reason))
        if chunk.full(limits):
            chunk.place = Place(number=number)
            yield chunk
            chunk = Chunk()
    for _ in events:  # a document that breaks off is not whole
        pass
    chunk.place = Place(number=number)
    yield chunk


def _find_list(events: _Events, path: str) -> None:
    """Go to the first record of the list at a dotted path."""
    for part in path.split(".") if path else ():
        if next(events)[0] != "start_map":
            raise bad_file(f"it has no list at {path!r}")
        for event, value in events:
            if event == "end_map":
                raise bad_file(f"it has no list at {path!r}")
            if value == part:
                break
            _build(next(events), events)
    if next(events)[0] != "start_array":
        raise bad_file(f"it has no list at {path!r}" if path else "it is not a list")


def _build(first: tuple[str, Any], events: _Events) -> tuple[Any, bool]:
    """Return the value that begins with an event, and whether it was too deep to be built."""
    builder = ijson.ObjectBuilder()
    depth, deep = 0, False
    event, value = first
    while True:
        depth += (event in _OPENING) - (event in _CLOSING)
        deep = deep or depth > _DEEPEST
        if not deep:
            # As floats of other JSON; ijson's own would limit integers to 64 bits.
            builder.event(event, float(value) if isinstance(value, Decimal) else value)
        if depth == 0:
            return (None if deep else builder.value), deep
        event, value = next(events)


class _Metered:
    """A file's bytes, of which only so many may go into one record."""

    def __init__(self, file: IO[bytes], most: int) -> None:
        self._file = file
        self._most = most
        self._left = most
        self._first = True

    def reset(self) -> None:
        """Begin the next record."""
        self._left = self._most

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes. Raise SourceError when one record has too many."""
        if self._left < 0:
            raise bad_file(f"a record has more than {self._most} bytes")
        piece = self._file.read(size)
        if self._first and piece:
            self._first = False
            piece = piece.removeprefix(codecs.BOM_UTF8) or self._file.read(size)
        self._left -= len(piece)
        return piece


def _first_line(error: Exception) -> str:
    message = error.args[0] if error.args else ""
    text = message.decode("utf-8", "replace") if isinstance(message, bytes) else str(message)
    return text.strip().partition("\n")[0]
