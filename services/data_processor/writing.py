"""Writing results in chunks: CSV, NDJSON or Parquet, of records or of groups."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any, Protocol

import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from services.data_processor.cleaned import Cleaned
from services.data_processor.formats import RECORDS, Format
from services.data_processor.prices import MICROS
from services.data_processor.rejects import Reject


class Writer(Protocol):
    """Takes the result bit by bit."""

    def write(self, table: pa.Table) -> None:
        """Append rows."""


class _Lines:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, table: pa.Table) -> None:
        """Append rows as JSON."""
        rows = _with_texts(table).to_pylist()
        self._file.write(b"".join(orjson.dumps(row) + b"\n" for row in rows))


class _Csv:
    def __init__(self, writer: arrow_csv.CSVWriter) -> None:
        self._writer = writer

    def write(self, table: pa.Table) -> None:
        """Append rows as CSV."""
        self._writer.write_table(_with_texts(table))


@contextmanager
def writing(file: IO[bytes], wanted: Format, schema: pa.Schema) -> Iterator[Writer]:
    """Yield what writes tables of a schema to a file, which is whole when the context ends."""
    match wanted:
        case "ndjson":
            yield _Lines(file)
        case "csv":
            with arrow_csv.CSVWriter(file, _with_texts(schema.empty_table()).schema) as writer:
                yield _Csv(writer)
        case "parquet":
            with pq.ParquetWriter(file, schema, compression="zstd") as parquet:
                yield parquet
    file.flush()


def table_of(records: Cleaned | pd.DataFrame) -> pa.Table:
    """Return records as `RecordOut` has them."""
    if isinstance(records, pd.DataFrame):
        quantities = records["micros"] / MICROS
        frame = records.assign(quantity=quantities)[RECORDS.names]
        return pa.Table.from_pandas(frame, RECORDS, preserve_index=False).replace_schema_metadata()
    columns: dict[str, Any] = records._asdict()
    columns["quantity"] = [micros / MICROS for micros in records.micros]
    return pa.table({name: columns[name] for name in RECORDS.names}, RECORDS)


def write_rejects(file: IO[bytes], rejects: Iterable[Reject]) -> None:
    """Append rejects as NDJSON."""
    for reject in rejects:
        file.write(orjson.dumps(reject._asdict()) + b"\n")


def _with_texts(table: pa.Table) -> pa.Table:
    """Return a table with its times as RFC 3339 has them."""
    for place, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            texts = pc.replace_substring(
                pc.cast(table.column(place), pa.string()), " ", "T", max_replacements=1
            )
            # A fraction of nothing is left out, as in JSON answers.
            texts = pc.replace_substring(texts, ".000000Z", "Z")
            table = table.set_column(place, field.name, texts)
    return table
