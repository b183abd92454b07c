"""How far each shard of a stream was read, kept between runs in a file."""

from __future__ import annotations

import json
from pathlib import Path


class Checkpoints:
    """Sequence numbers by shard, of one stream.

    Without a file they last as long as this object. A file of another stream, or one that cannot be
    read, counts for nothing: the stream is then read from its beginning, and what a function sees
    twice it must bear anyway.
    """

    def __init__(self, stream_arn: str, file: Path | None = None) -> None:
        self._stream_arn = stream_arn
        self._file = file
        self._after: dict[str, str] = {}
        if file is not None and file.exists():
            self._after = _read(file, stream_arn)

    def after(self, shard_id: str) -> str | None:
        """Return the last sequence number that is done with, None of a shard not begun."""
        return self._after.get(shard_id)

    def save(self, shard_id: str, sequence_number: str) -> None:
        """Note that all records up to this one are done with."""
        self._after[shard_id] = sequence_number
        if self._file is not None:
            # Beside it and then in its place: a killed process leaves the old one or the new one.
            written = self._file.with_suffix(".new")
            document = {"stream_arn": self._stream_arn, "after": self._after}
            written.write_text(json.dumps(document), encoding="utf-8")
            written.replace(self._file)


def _read(file: Path, stream_arn: str) -> dict[str, str]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    match document:
        case {"stream_arn": str(arn), "after": dict(after)} if arn == stream_arn:
            return {str(shard): str(number) for shard, number in after.items()}
        case _:
            return {}
