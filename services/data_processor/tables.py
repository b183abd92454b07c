"""Reading tables in chunks of bounded size: CSV and Parquet, as frames for `columnar`."""

import csv
import io
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import IO, Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from libs.service_kit import ProblemError
from services.data_processor.cleaned import FIELDS
from services.data_processor.formats import check_columns
from services.data_processor.problems import (
    BAD_COLUMNS,
    ROW_TOO_LONG,
    UNPACKS_TOO_LARGE,
    UNREADABLE_FILE,
)
from services.data_processor.rejects import Reject

_BLOCK_BYTES = 1_000_000
_ROWS = 20_000
_MOST_RAGGED = 1_000_000
_LONGEST_TEXT = 4_096
"""Bytes of one text in a Parquet file; the contract's longest has 128 characters."""


class Chunk(NamedTuple):
    """Some rows of a file."""

    table: pd.DataFrame
    """With a column for each field and `row`."""
    rejects: Iterable[Reject]
    """Of rows that have no place in the table."""
    rejected: int
    """How many rows those are."""


class _Ragged:
    """Remembers the rows whose number of values is not that of the header; few bytes each."""

    def __init__(self) -> None:
        self.numbers = array("q")
        self.counts = array("q")
        self.over_lines = False
        self.too_many = False

    def __call__(self, row: arrow_csv.InvalidRow) -> str:
        """Take note of a row, and have the reader go on with the next."""
        self.numbers.append(row.number - 1)  # the header is the first
        self.counts.append(row.actual_columns)
        self.over_lines |= "\n" in row.text
        # No rows come between such, at which they would be reported.
        self.too_many = len(self.numbers) > _MOST_RAGGED
        return "error" if self.too_many else "skip"

    def take(self, until: int | None, expected: int) -> tuple[Iterator[Reject], int]:
        """Return what is wrong with the rows up to a number, and how many those are."""
        count = len(self.numbers) if until is None else bisect_right(self.numbers, until)
        taken = zip(self.numbers[:count], self.counts[:count], strict=True)
        del self.numbers[:count], self.counts[:count]
        return (
            Reject(
                row, None, "ragged", f"The row has {actual} values where the header has {expected}"
            )
            for row, actual in taken
        ), count


def read_csv(file: IO[bytes], *, delimiter: str, quotes: int) -> Iterator[Chunk]:
    """Yield the rows of a CSV file, whose number of quotes is known.

    An empty price or currency is none. Raise ProblemError for what is no table of records.
    """
    start = file.tell()
    names = _header(file, delimiter)
    check_columns(names)
    file.seek(start)
    ragged = _Ragged()
    try:
        reader = arrow_csv.open_csv(
            file,
            read_options=arrow_csv.ReadOptions(block_size=_BLOCK_BYTES, use_threads=False),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=ragged
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=False,
            ),
        )
        number = 0
        for batch in reader:
            # The reader may be ahead of the batch with the rows that it leaves out.
            last = number + batch.num_rows + len(ragged.numbers)
            whole = np.setdiff1d(np.arange(number + 1, last + 1), np.asarray(ragged.numbers))
            rows = whole[: batch.num_rows]
            number = int(rows[-1]) if len(rows) else number
            table = batch.to_pandas().astype("str")
            ragged.over_lines |= _over_lines(table)
            for name in ("price", "currency"):
                column = table[name] if name in table else pd.Series(None, table.index, dtype="str")
                table[name] = column.mask(column == "")
            yield Chunk(table.assign(row=rows), *ragged.take(number, len(names)))
        nothing = pd.DataFrame(columns=["row", *FIELDS], dtype="str").astype({"row": np.int64})
        yield Chunk(nothing, *ragged.take(None, len(names)))
        if quotes % 2 and ragged.over_lines:
            raise ProblemError(UNREADABLE_FILE, "a quote is opened and not closed")
    except pa.ArrowInvalid as error:
        if ragged.too_many:
            raise ProblemError(
                UNREADABLE_FILE,
                f"more than {_MOST_RAGGED} rows on end have not as many values as the header",
            ) from error
        if "straddling" in str(error):
            raise ProblemError(
                ROW_TOO_LONG,
                f"a row has more than {_BLOCK_BYTES} bytes, or a quote is not closed",
            ) from error
        raise ProblemError(UNREADABLE_FILE, "the file cannot be read as CSV") from error


def _over_lines(table: pd.DataFrame) -> bool:
    """Say whether the last row has a line's end in a value, as after a quote that is not closed."""
    return any("\n" in value for value in table.iloc[-1]) if len(table) else False


def _header(file: IO[bytes], delimiter: str) -> list[str]:
    line = file.readline(_BLOCK_BYTES)
    try:
        return next(csv.reader(io.StringIO(line.decode(errors="ignore")), delimiter=delimiter), [])
    except csv.Error as error:
        raise ProblemError(UNREADABLE_FILE, "the header cannot be read as CSV") from error


def read_parquet(file: IO[bytes], *, most_bytes: int) -> Iterator[Chunk]:
    """Yield the rows of a Parquet file. Raise ProblemError for what is no table of records."""
    try:
        schema = pq.read_schema(file)
        check_columns(schema.names)
        _check_types(schema)
        texts = [name for name in schema.names if pa.types.is_string(schema.field(name).type)]
        # A text that a million rows share is then held once.
        source = pq.ParquetFile(file, read_dictionary=texts, memory_map=False, pre_buffer=False)
        groups = [source.metadata.row_group(n) for n in range(source.metadata.num_row_groups)]
        if sum(group.total_byte_size for group in groups) > most_bytes:
            raise ProblemError(
                UNPACKS_TOO_LARGE, f"the file's row groups have more than {most_bytes} bytes"
            )
        number = 1
        for batch in source.iter_batches(batch_size=_ROWS, use_threads=False):
            batch.validate(full=True)
            columns = {name: _plain(batch.column(name), name) for name in batch.schema.names}
            for name in FIELDS:
                columns.setdefault(name, pa.nulls(batch.num_rows, pa.string()))
            table = pa.table(columns).to_pandas()
            table = table.astype({name: "str" for name in FIELDS if name != "quantity"})
            yield Chunk(table.assign(row=range(number, number + batch.num_rows)), (), 0)
            number += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        raise ProblemError(UNREADABLE_FILE, "the file cannot be read as Parquet") from error


def _check_types(schema: pa.Schema) -> None:
    for field in schema:
        kind = field.type
        texts = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)
        if field.name == "quantity":
            taken, right = "number", _is_number(kind)
        elif field.name == "price":
            taken, right = "string or decimal", texts or pa.types.is_decimal(kind)
        elif field.name == "occurred_at":
            taken, right = "string or timestamp", texts or pa.types.is_timestamp(kind)
        else:
            taken, right = "string", texts or _is_dictionary_of_texts(kind)
        if not right:
            raise ProblemError(BAD_COLUMNS, f"{field.name} is a column of {taken}, not of {kind}")


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)
    )


def _is_dictionary_of_texts(kind: pa.DataType) -> bool:
    return bool(pa.types.is_dictionary(kind) and pa.types.is_string(kind.value_type))


def _plain(column: pa.Array, name: str) -> pa.Array:
    """Return a column as texts, or as floats for quantities."""
    if name == "quantity":
        return pc.cast(column, pa.float64(), safe=False)
    texts: Any = column
    if pa.types.is_timestamp(column.type):
        # The cast writes a blank for RFC 3339's T, and says Z where there is a zone.
        micros = pc.cast(column, pa.timestamp("us", column.type.tz and "UTC"), safe=False)
        return pc.replace_substring(pc.cast(micros, pa.string()), " ", "T", max_replacements=1)
    if pa.types.is_decimal(column.type):
        return pc.cast(column, pa.string())
    distinct = column.dictionary if pa.types.is_dictionary(column.type) else column
    if (pc.max(pc.binary_length(distinct)).as_py() or 0) > _LONGEST_TEXT:
        raise ProblemError(ROW_TOO_LONG, f"a text of {name} has more than {_LONGEST_TEXT} bytes")
    return pc.cast(texts, pa.string())
