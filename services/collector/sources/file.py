"""Records of a file below a folder that the site opens."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ValidationError

from services.collector.jobs import JsonObject
from services.collector.sites import Sites
from services.collector.sources.base import Batch, SourceError
from services.collector.sources.csv_rows import read_csv
from services.collector.sources.json_rows import read_json, read_ndjson
from services.collector.sources.parquet_rows import read_parquet
from services.collector.sources.reading import Chunk, Place, Reader, bad_file
from services.collector.sources.rooted import fingerprint, open_below
from services.collector.sources.unpacking import TooLargeError, unpacked
from services.collector.triggers import FileConfig, FileFormat

_READERS: dict[FileFormat, Reader] = {
    "csv": read_csv,
    "json": read_json,
    "ndjson": read_ndjson,
    "parquet": read_parquet,
}
_FORMATS: dict[str, FileFormat] = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "ndjson",
    ".ndjson": "ndjson",
    ".parquet": "parquet",
}


def check_file(config: FileConfig, sites: Sites) -> None:
    """Refuse a root that this site does not have and a file of unknown format.

    Raises:
        SourceError: permanent.
    """
    if config.root not in sites.files:
        raise SourceError("unknown-root", f"this site has no root {config.root!r}", permanent=True)
    if _format(config) == "parquet" and _is_packed(config):
        raise SourceError(
            "unknown-format", "Parquet is packed by itself; a .gz of it is not read", permanent=True
        )


def _is_packed(config: FileConfig) -> bool:
    return config.path.lower().endswith(".gz")


def _format(config: FileConfig) -> FileFormat:
    name = config.path.lower().removesuffix(".gz")
    found = config.format or _FORMATS.get(Path(name).suffix)
    if found is None:
        raise SourceError(
            "unknown-format",
            f"say the format, or end the path with one of {', '.join(_FORMATS)}",
            permanent=True,
        )
    return found


class _Checkpoint(BaseModel):
    place: Place
    fingerprint: list[int]
    records: int
    done: bool


class FileSource:
    """As `Source`."""

    def __init__(self, config: FileConfig, sites: Sites) -> None:
        self._config = config
        self._root = sites.files[config.root]
        self._limits = sites.limits

    async def batches(
        self, checkpoint: JsonObject | None, watermark: JsonObject | None
    ) -> AsyncIterator[Batch]:
        """As `Source.batches`; files have no watermark."""
        del watermark
        try:
            start = None if checkpoint is None else _Checkpoint.model_validate(checkpoint)
        except ValidationError:
            raise SourceError(
                "bad-checkpoint", "the job was begun by another version", permanent=True
            ) from None
        if start is not None and start.done:
            return
        reading = self._read(start)
        step: asyncio.Future[Batch | None] | None = None
        try:
            while True:
                step = asyncio.ensure_future(asyncio.to_thread(next, reading, None))
                batch = await asyncio.shield(step)
                if batch is None:
                    return
                yield batch
        finally:
            # Shielded, too: whoever is cancelled twice still leaves no file open.
            await asyncio.shield(asyncio.ensure_future(_close(reading, step)))

    def _read(self, start: _Checkpoint | None) -> Generator[Batch]:
        """Yield batches; runs in threads, one step at a time."""
        with ExitStack() as opened:
            file = opened.enter_context(open_below(self._root, self._config.path))
            mark = fingerprint(file)
            if start is not None and start.fingerprint != mark:
                raise _changed()
            _, size, _ = mark
            if size > self._limits.file_bytes:
                raise _too_large(f"more than {self._limits.file_bytes} bytes")
            records = 0 if start is None else start.records
            try:
                chunks = self._chunks(file, Place() if start is None else start.place, opened)
                # One is held back: which is the last is known when there is no other.
                held: Chunk | None = None
                for chunk in chunks:
                    if held is not None:
                        records = self._count(records, held)
                        yield _batch(held, mark, records, done=False)
                    held = chunk
            except TooLargeError as error:
                raise _too_large(str(error)) from None
            except (OSError, EOFError, zlib.error) as error:
                raise _unreadable(error, packed=_is_packed(self._config)) from None
            # Rows from before and from after a change are no state that the file ever had.
            if fingerprint(file) != mark:
                raise _changed()
            if held is not None:
                yield _batch(held, mark, self._count(records, held), done=True)

    def _chunks(self, file: IO[bytes], start: Place, opened: ExitStack) -> Iterator[Chunk]:
        if _is_packed(self._config):
            file = opened.enter_context(
                unpacked(file, most=self._limits.file_bytes, ratio=self._limits.unpacking_ratio)
            )
        return _READERS[_format(self._config)](file, start, self._config, self._limits)

    def _count(self, records: int, chunk: Chunk) -> int:
        records += len(chunk.rows) + len(chunk.rejects)
        if records > self._limits.records:
            raise _too_large(f"more than {self._limits.records} records")
        return records


async def _close(reading: Generator[Batch], step: asyncio.Future[Batch | None] | None) -> None:
    """Close the file, once the thread that reads it has ended its step."""
    if step is not None:
        await asyncio.gather(step, return_exceptions=True)
    await asyncio.to_thread(reading.close)


def _batch(chunk: Chunk, mark: list[int], records: int, *, done: bool) -> Batch:
    checkpoint = _Checkpoint(place=chunk.place, fingerprint=mark, records=records, done=done)
    return Batch(chunk.rows, checkpoint.model_dump(mode="json"), chunk.rejects)


def _changed() -> SourceError:
    return SourceError(
        "file-changed", "the file was replaced or written to while it was read", permanent=True
    )


def _too_large(reason: str) -> SourceError:
    return SourceError("too-large", f"the file has {reason}", permanent=True)


def _unreadable(error: Exception, *, packed: bool) -> SourceError:
    # gzip's own errors have no number, those of the disk have.
    if packed and getattr(error, "errno", None) is None:
        return bad_file("it is not whole gzip")
    return SourceError(
        "source-unavailable", f"reading failed: {type(error).__name__}", permanent=False
    )
