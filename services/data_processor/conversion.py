"""One file's way through a pipeline, chunk by chunk, in a thread of its own."""

import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Event
from typing import IO, Literal, NamedTuple

import orjson
import pyarrow as pa

from services.data_processor import columnar, plain
from services.data_processor.answers import Summary
from services.data_processor.formats import GROUPS, RECORDS, Format
from services.data_processor.lines import read_ndjson
from services.data_processor.plan import Plan
from services.data_processor.rejects import Reject
from services.data_processor.tables import read_csv, read_parquet
from services.data_processor.writing import table_of, write_rejects, writing

type Wanted = Literal["records", "rejects", "archive"]


class StoppedError(Exception):
    """Nobody waits for the result any longer."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """What is to be made of a file."""

    file: IO[bytes]
    given: Format
    output: Format
    wanted: Wanted
    plan: Plan
    delimiter: str
    quotes: int
    """In the file, if it is CSV."""
    most_bytes: int
    """Of a Parquet file, unpacked."""
    new_file: Callable[[], IO[bytes]]
    stop: Event = field(default_factory=Event)
    """Ends the work before the next chunk."""


class Converted(NamedTuple):
    """The result, in a file that is open at its start."""

    file: IO[bytes]
    summary: Summary


class _Part(NamedTuple):
    """What came of a chunk."""

    received: int
    table: pa.Table
    duplicates: int
    rejects: Iterable[Reject]
    ragged: Iterable[Reject]
    """Of rows that were no records at all."""


def convert(work: Conversion) -> Converted:
    """Make the result.

    Raise ProblemError when the file or what becomes of it is refused, StoppedError when stopped.
    """
    groups = work.plan.groups
    received = kept = duplicates = 0
    with ExitStack() as stack:
        results = stack.enter_context(work.new_file())
        rejects = stack.enter_context(work.new_file())
        with writing(results, work.output, RECORDS if groups is None else GROUPS) as writer:
            for part in _parts(work):
                if work.stop.is_set():
                    raise StoppedError
                received += part.received
                kept += part.table.num_rows
                duplicates += part.duplicates
                write_rejects(rejects, part.rejects)
                write_rejects(rejects, part.ragged)
                if groups is None:
                    writer.write(part.table)
            written = kept
            if groups is not None:
                rows = groups.rows()
                written = len(rows)
                writer.write(pa.Table.from_pylist(rows, GROUPS))
        rejected = received - kept - duplicates
        summary = Summary(
            received=received, rejected=rejected, duplicates=duplicates, written=written
        )
        match work.wanted:
            case "records":
                answer = results
            case "rejects":
                answer = rejects
            case "archive":
                answer = stack.enter_context(work.new_file())
                _pack(
                    answer, {f"records.{work.output}": results, "rejects.ndjson": rejects}, summary
                )
        answer.seek(0)
        for file in (results, rejects):
            if file is not answer:
                file.close()
        stack.pop_all()
    return Converted(answer, summary)


def _parts(work: Conversion) -> Iterator[_Part]:
    if work.given == "ndjson":
        for lines in read_ndjson(work.file):
            plainly = plain.transform(lines.rows, lines.numbers, work.plan)
            received = len(lines.rows) + len(lines.rejects)
            table = table_of(plainly.records)
            yield _Part(received, table, plainly.duplicates, plainly.rejects, lines.rejects)
        return
    chunks = (
        read_csv(work.file, delimiter=work.delimiter, quotes=work.quotes)
        if work.given == "csv"
        else read_parquet(work.file, most_bytes=work.most_bytes)
    )
    for chunk in chunks:
        outcome = columnar.transform(chunk.table, work.plan)
        received = len(chunk.table) + chunk.rejected
        table = table_of(outcome.records)
        yield _Part(received, table, outcome.duplicates, outcome.rejects, chunk.rejects)


def _pack(archive: IO[bytes], files: dict[str, IO[bytes]], summary: Summary) -> None:
    """Write a ZIP archive of files and the summary."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        for name, file in files.items():
            file.seek(0)
            with packed.open(zipfile.ZipInfo(name), "w", force_zip64=True) as member:
                shutil.copyfileobj(file, member, 1_000_000)
        packed.writestr(zipfile.ZipInfo("summary.json"), orjson.dumps(summary.model_dump()))
