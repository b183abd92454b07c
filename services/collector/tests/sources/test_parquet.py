"""Parquet: rows of every type, from every checkpoint, and files that lie about themselves."""

import datetime as dt
import io
import os
import resource
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.collector.tests.sources.collecting_all import (
    assert_resumes_exactly,
    batches_of,
    rejects_of,
    rows_of,
    values_of,
)
from services.collector.tests.sources.files import Root


def written(table: pa.Table, **options: Any) -> bytes:
    """Return a table as Parquet."""
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 25), st.integers(1, 9), st.integers(1, 9))
async def test_killed_after_any_batch_and_resumed_it_gives_every_row_once(
    root: Root, amount: int, group: int, batch: int
) -> None:
    root.limit(batch_rows=batch)
    table = pa.table({"record_id": pa.array(range(amount), pa.int64())})
    root.write("a.parquet", written(table, row_group_size=group))

    batches = await assert_resumes_exactly(lambda: root.source("a.parquet"))

    assert [{"record_id": number} for number in range(amount)] == values_of(batches)
    assert [f"row {number}" for number in range(1, amount + 1)] == [
        row.position for row in rows_of(batches)
    ]


async def test_a_job_killed_in_the_midst_of_a_row_group_goes_on_there_with_other_batches(
    root: Root,
) -> None:
    table = pa.table({"record_id": list(range(20))})
    root.write("a.parquet", written(table, row_group_size=10))
    root.limit(batch_rows=4)
    first, *_ = await batches_of(root.source("a.parquet"))
    root.limit(batch_rows=3)

    rest = await batches_of(root.source("a.parquet"), first.checkpoint)

    assert list(range(20)) == [v["record_id"] for v in values_of([first, *rest])]


async def test_values_of_every_type_are_what_rows_may_have(root: Root) -> None:
    moment = dt.datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=dt.UTC)
    columns = {
        "int": pa.array([7], pa.uint64()),
        "float": pa.array([float("nan")], pa.float32()),
        "text": pa.array(["ä"], pa.large_string()),
        "category": pa.array(["x"]).dictionary_encode(),
        "bytes": pa.array([b"\xff"]),
        "decimal": pa.array([Decimal("1.10")], pa.decimal128(10, 2)),
        "date": pa.array([dt.date(2026, 1, 2)]),
        "time": pa.array([dt.time(3, 4)], pa.time64("us")),
        "zoned": pa.array([moment], pa.timestamp("us", "UTC")),
        "naive": pa.array([moment.replace(tzinfo=None)], pa.timestamp("ms"), safe=False),
        "nanos": pa.array([1_767_323_045_678_901_234], pa.timestamp("ns")),
        "duration": pa.array([dt.timedelta(seconds=90)]),
        "list": pa.array([[dt.timedelta(seconds=1)]]),
        "map": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())),
        "struct": pa.array([{"a": Decimal("2.5")}]),
        "null": pa.nulls(1),
    }
    root.write("a.parquet", written(pa.table(columns)))

    (values,) = values_of(await batches_of(root.source("a.parquet")))

    assert "nan" == str(values["float"])
    assert (7, "ä", "x", b"\xff", Decimal("1.10")) == tuple(
        values[name] for name in ("int", "text", "category", "bytes", "decimal")
    )
    assert (dt.date(2026, 1, 2), dt.time(3, 4), moment) == tuple(
        values[name] for name in ("date", "time", "zoned")
    )
    assert dt.datetime(2026, 1, 2, 3, 4, 5, 678_901) == values["nanos"]  # noqa: DTZ001
    assert dt.datetime is type(values["nanos"])
    assert ("PT1M30S", ["PT1S"], [["k", 1]], {"a": Decimal("2.5")}, None) == tuple(
        values[name] for name in ("duration", "list", "map", "struct", "null")
    )


async def test_values_that_the_type_does_not_have_cost_only_their_rows(root: Root) -> None:
    # Written as bytes and read as text, and a day after the last year that Python has.
    text = pa.array([b"a", b"\xff", b"c"], pa.binary()).view(pa.string())
    days = pa.array([0, 1, 10_000_000], pa.int32()).view(pa.date32())
    root.write("a.parquet", written(pa.table({"text": text, "day": days})))

    batches = await batches_of(root.source("a.parquet"))

    assert ["a"] == [values["text"] for values in values_of(batches)]
    assert ["row 2", "row 3"] == [reject.position for reject in rejects_of(batches)]


@pytest.mark.parametrize(
    "content",
    [b"", b"PAR1", b"PAR1PAR1", b"id\n1\n", b"PAR1" + b"\xff" * 100 + b"\xff\xff\xff\x7fPAR1"],
)
async def test_what_is_no_parquet_is_refused(root: Root, content: bytes) -> None:
    root.write("a.parquet", content)

    assert ("bad-file", True) == ((error := await root.error("a.parquet")).kind, error.permanent)


async def test_too_many_columns_are_refused_nested_ones_too(root: Root) -> None:
    names = [f"c{number}" for number in range(10_000)]
    root.write("flat.parquet", written(pa.table({name: [1] for name in names})))
    nested = pa.table({"s": pa.array([dict.fromkeys(names[:1_500], 1)])})
    root.write("nested.parquet", written(nested))

    assert "10000 columns, more than 1000" in (await root.error("flat.parquet")).detail
    assert "1500 columns, more than 1000" in (await root.error("nested.parquet")).detail


async def test_columns_of_the_same_name_are_refused(root: Root) -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    root.write("a.parquet", written(table))

    assert "the column 'a' more than once" in (await root.error("a.parquet")).detail


@pytest.mark.parametrize("as_dictionary", [False, True])
@pytest.mark.parametrize("within", ["column", "list", "struct", "map"])
async def test_few_bytes_that_become_gigabytes_are_refused(
    root: Root, within: str, as_dictionary: bool
) -> None:
    """A value that the file has once, and every row names."""
    text = pa.array(["x" * 1_000_000])
    values = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000, pa.int32()), text)
    column: pa.Array = values
    if within == "list":
        column = pa.ListArray.from_arrays(pa.array([0, 1_000]), values)
    elif within == "struct":
        column = pa.StructArray.from_arrays([values], ["text"])
    elif within == "map":
        keys = pa.array([str(number) for number in range(1_000)])
        column = pa.MapArray.from_arrays(pa.array([0, 1_000]), keys, values)
    content = written(pa.table({"a": column}), store_schema=as_dictionary)
    assert len(content) < 200_000
    root.write("a.parquet", content)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    error = await root.error("a.parquet")

    assert "its rows from 1 on are too large" in error.detail
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


_READ = """
import asyncio, sys
from pathlib import Path
from services.collector.sites import Sites
from services.collector.sources.base import SourceError
from services.collector.sources.opening import open_source

async def read(folder, name):
    sites = Sites(files={"r": folder})
    try:
        async for _ in open_source("file", {"root": "r", "path": name}, sites).batches(None, None):
            pass
    except SourceError as error:
        assert error.kind == "bad-file", error
        return 1
    return 0

folder = Path(sys.argv[1])
refused = sum(asyncio.run(read(folder, file.name)) for file in sorted(folder.iterdir()))
print("refused", refused)
"""


def test_a_parquet_with_any_byte_changed_is_read_or_refused_and_crashes_nothing(
    tmp_path: Path,
) -> None:
    """In a process of its own, which a fault in native code would end."""
    table = pa.table({"id": [1, 2, 3], "name": ["a", "b", None], "at": [1.5, 2.5, 3.5]})
    whole = written(table, compression="snappy")
    for place in range(4, len(whole), max(1, len(whole) // 250)):
        for value in (0xFF, whole[place] ^ 1):
            changed = bytearray(whole)
            changed[place] = value
            (tmp_path / f"{place}-{value}.parquet").write_bytes(changed)

    ended = subprocess.run(
        [sys.executable, "-c", _READ, str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )

    assert 0 == ended.returncode, ended.stderr[-2_000:]
    assert int(ended.stdout.split()[-1]) > 50
