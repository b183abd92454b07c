"""Parquet, a row group at a time."""

from collections.abc import Iterator
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from services.collector.jobs import Reject
from services.collector.sites import Limits
from services.collector.sources.base import Row
from services.collector.sources.plain import plain
from services.collector.sources.reading import Chunk, Place, bad_file, check_columns
from services.collector.triggers import FileConfig

_FOOTER_BYTES = 20_000_000
_FOOTER_ENTRIES = 2_000_000
_BATCH_BYTES = 64_000_000
_GROUP_BYTES = 2_000_000_000
_BUFFER_BYTES = 1_000_000
_LONGEST_FIXED = 65_536


def read_parquet(
    file: IO[bytes], start: Place, config: FileConfig, limits: Limits
) -> Iterator[Chunk]:
    """As `Reader`."""
    del config
    options = {
        "thrift_string_size_limit": _FOOTER_BYTES,
        "thrift_container_size_limit": _FOOTER_ENTRIES,
        "buffer_size": _BUFFER_BYTES,
        "pre_buffer": False,
    }
    try:
        metadata = pq.ParquetFile(file, **options).metadata
        _check(metadata, limits)
        # So that a value that many rows share is in memory once, until its size is known.
        texts = [
            column.path
            for column in map(metadata.schema.column, range(metadata.num_columns))
            if column.physical_type == "BYTE_ARRAY"
        ]
        table = pq.ParquetFile(file, metadata=metadata, read_dictionary=texts, **options)
        check_columns(table.schema_arrow.names, limits)
        yield from _chunks(table, start, limits)
    # What pyarrow makes of a file that lies about itself.
    except (pa.ArrowException, OSError, ValueError, KeyError, OverflowError) as error:
        raise bad_file(f"it is not the Parquet that it says: {type(error).__name__}") from None


def _check(metadata: Any, limits: Limits) -> None:
    columns = metadata.num_columns
    if columns > limits.columns:
        raise bad_file(f"it has {columns} columns, more than {limits.columns}")
    if any(metadata.schema.column(n).length > _LONGEST_FIXED for n in range(columns)):
        raise bad_file("it has a column whose values are too large")
    sizes = [
        metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups)
    ]
    if sum(sizes) > limits.file_bytes or max(sizes, default=0) > _GROUP_BYTES:
        raise bad_file("it, or one of its row groups, is too large when unpacked")


def _chunks(table: Any, start: Place, limits: Limits) -> Iterator[Chunk]:
    number = 0
    for group in range(table.num_row_groups):
        end = number + table.metadata.row_group(group).num_rows
        if end <= start.number:
            number = end
            continue
        for batch in table.iter_batches(limits.batch_rows, row_groups=[group], use_threads=False):
            if sum(map(_size, batch.columns)) > _BATCH_BYTES:
                raise bad_file(f"its rows from {number + 1} on are too large")
            passed = max(0, min(start.number - number, batch.num_rows))
            first = number + passed + 1
            number += batch.num_rows
            if passed < batch.num_rows:
                yield _chunk(batch.slice(passed), first, Place(number=number))
        if number != end:
            raise bad_file(f"its row group {group + 1} has another number of rows than it says")
    yield Chunk(Place(number=number))


def _size(values: pa.Array) -> int:
    """Return the bytes of values, with those that are shared counted wherever they are named."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        shared = values.dictionary
        if not pa.types.is_string(shared.type) and not pa.types.is_binary(shared.type):
            return len(values) * (_size(shared) or 1)
        sizes = pc.binary_length(shared).take(values.indices)
        return int(pc.sum(sizes).as_py() or 0)
    if pa.types.is_struct(kind):
        return sum(map(_size, values.flatten()))
    if pa.types.is_map(kind):
        return _size(values.keys) + _size(values.items)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _size(values.flatten())
    return int(values.nbytes)


def _chunk(batch: pa.RecordBatch, first: int, place: Place) -> Chunk:
    chunk = Chunk(place)
    batch = _simple(batch)
    try:
        values = batch.to_pylist()
    except (ValueError, OverflowError):
        values = [_alone(batch, number) for number in range(batch.num_rows)]
    for number, row in enumerate(values, first):
        position = f"row {number}"
        if row is None:
            reason = "has a value that its column's type does not have"
            chunk.rejects.append(Reject(position, None, reason))
        else:
            chunk.rows.append(Row(position, {name: plain(value) for name, value in row.items()}))
    return chunk


def _alone(batch: pa.RecordBatch, number: int) -> dict[str, Any] | None:
    """Return one row; None for one with text that is not UTF-8 or a time beyond the calendar."""
    try:
        rows: list[dict[str, Any]] = batch.slice(number, 1).to_pylist()
    except (ValueError, OverflowError):
        return None
    return rows[0]


def _simple(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Cut times to what Python's have, and give each row its own values."""
    return pa.RecordBatch.from_arrays(
        [_simple_column(column) for column in batch.columns], names=batch.schema.names
    )


def _simple_column(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        return column.cast(pa.timestamp("us", column.type.tz), safe=False)
    return column
