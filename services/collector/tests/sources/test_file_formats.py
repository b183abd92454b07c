"""What is read of files, whole and from every checkpoint."""

import asyncio
import csv
import io
import json
import os
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.collector.tests.sources.collecting_all import (
    assert_resumes_exactly,
    batches_of,
    rejects_of,
    values_of,
)
from services.collector.tests.sources.files import Root

_SHARED_ROOT = settings(
    max_examples=60,
    deadline=None,
    # Each example writes its own file over the last one's.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=5)
_CELLS = st.tuples(_TEXT, _TEXT).filter(lambda cells: any(cells))


@_SHARED_ROOT
@given(
    st.lists(_CELLS, max_size=10),
    st.sampled_from(["csv", "csv.gz"]),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(1, 4),
)
async def test_csv_killed_after_any_batch_and_resumed_gives_every_row_once(
    root: Root, rows: list[tuple[str, str]], name: str, delimiter: str, end: str, batch: int
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end)
    writer.writerows([("record_id", "näme"), *rows])
    root.limit(batch_rows=batch)
    root.write(f"a.{name}", text.getvalue())

    batches = await assert_resumes_exactly(lambda: root.source(f"a.{name}", delimiter=delimiter))

    assert [{"record_id": one, "näme": two} for one, two in rows] == values_of(batches)
    assert rejects_of(batches) == []


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=5,
)
_OBJECTS = st.lists(st.dictionaries(_TEXT, _JSON, max_size=3), max_size=10)


@_SHARED_ROOT
@given(
    _OBJECTS,
    st.sampled_from(["ndjson", "ndjson.gz", "jsonl", "json", "json.gz"]),
    st.integers(1, 4),
)
async def test_json_killed_after_any_batch_and_resumed_gives_every_row_once(
    root: Root, rows: list[dict[str, Any]], name: str, batch: int
) -> None:
    root.limit(batch_rows=batch)
    whole = name.startswith("json") and not name.startswith("jsonl")
    root.write(
        f"a.{name}", json.dumps(rows) if whole else "\n".join(json.dumps(row) for row in rows)
    )

    batches = await assert_resumes_exactly(lambda: root.source(f"a.{name}"))

    assert rows == values_of(batches)
    assert rejects_of(batches) == []


@_SHARED_ROOT
@given(st.lists(st.sampled_from([b"a,b", b"a", b"\xff,b", b"", b'"a"x,b', b"a,b,c"])))
async def test_rows_and_rejects_of_csv_together_are_all_its_lines(
    root: Root, lines: list[bytes]
) -> None:
    root.limit(batch_rows=2)
    root.write("a.csv", b"\n".join([b"record_id,name", *lines]) + b"\n")

    batches = await assert_resumes_exactly(lambda: root.source("a.csv"))

    assert lines.count(b"a,b") == len(values_of(batches))
    wrong = [f"line {number}" for number, line in enumerate(lines, 2) if line not in {b"a,b", b""}]
    assert wrong == [reject.position for reject in rejects_of(batches)]


async def test_ragged_rows_are_rejected_by_line_and_count(root: Root) -> None:
    root.write("a.csv", 'id,name\n1,"two\nlines"\n2\n3,a,b\n\n4,d\n')

    batches = await batches_of(root.source("a.csv"))

    assert ["1", "4"] == [values["id"] for values in values_of(batches)]
    assert [
        ("line 4", "has 1 values, and the header 2"),
        ("line 5", "has 3 values, and the header 2"),
    ] == [(reject.position, reject.reason) for reject in rejects_of(batches)]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "id\nKäse €\n".encode()),
        ("utf-8", "id\nKäse €\n".encode("utf-8-sig")),
        ("windows-1252", "id\nKäse €\n".encode("windows-1252")),
        ("iso-8859-1", "id\nKäse €\n".replace("€", "\x80").encode("iso-8859-1")),
    ],
)
async def test_csv_is_read_in_its_encoding(root: Root, encoding: str, text: bytes) -> None:
    root.write("a.csv", text)

    (values,) = values_of(await batches_of(root.source("a.csv", encoding=encoding)))

    assert "Käse" == values["id"][:4]


async def test_a_list_within_a_json_document_is_found(root: Root) -> None:
    document = {"meta": {"items": [0]}, "data": {"a": [], "items": [{"n": 1}, {"n": 2}], "b": 1}}
    root.limit(batch_rows=1)
    root.write("a.json", json.dumps(document))

    batches = await assert_resumes_exactly(lambda: root.source("a.json", records="data.items"))

    assert [{"n": 1}, {"n": 2}] == values_of(batches)


async def test_numbers_of_json_files_are_those_of_other_json(root: Root) -> None:
    root.write("a.json", '[{"a":1.10,"b":123456789012345678901234,"c":1e400,"d":-0.0}]')

    (values,) = values_of(await batches_of(root.source("a.json")))

    assert [1.1, 123456789012345678901234, float("inf")] == [values[n] for n in "abc"]
    assert [float, int, float, float] == [type(value) for value in values.values()]


async def test_records_that_are_no_objects_are_rejected(root: Root) -> None:
    root.write("a.json", '[1,{"a":1},[2],null]')
    root.write("a.ndjson", '1\n{"a":1}\n\n[2]\nnull\n{"a":\n')

    of_json = await batches_of(root.source("a.json"))
    of_lines = await batches_of(root.source("a.ndjson"))

    assert [{"a": 1}] == values_of(of_json) == values_of(of_lines)
    assert ["record 1", "record 3", "record 4"] == [r.position for r in rejects_of(of_json)]
    assert ["line 1", "line 4", "line 5", "line 6"] == [r.position for r in rejects_of(of_lines)]


async def test_a_file_without_rows_has_none(root: Root) -> None:
    for name, text in (("a.csv", "id\n"), ("a.ndjson", ""), ("a.json", "[]")):
        root.write(name, text)

        (batch,) = await batches_of(root.source(name))

        assert [] == batch.rows


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.ndjson", "a.json", "a.json.gz"])
async def test_a_file_that_changed_since_the_checkpoint_fails_the_job(
    root: Root, name: str
) -> None:
    texts = {"csv": "id\n1\n2\n3\n", "ndjson": '{"id":1}\n{"id":2}\n', "json": '[{"i":1},{"i":2}]'}
    text = texts[name.split(".")[1]]
    root.limit(batch_rows=1)
    root.write(name, text)
    first, *_ = await batches_of(root.source(name))
    await asyncio.sleep(0.02)
    root.write(name, text.replace("2", "4"))

    with pytest.raises(Exception, match="was replaced or written to") as caught:
        await batches_of(root.source(name), first.checkpoint)

    assert "file-changed" == getattr(caught.value, "kind", None)


async def test_a_file_that_grows_while_it_is_read_fails_the_job(root: Root) -> None:
    root.limit(batch_rows=1)
    file = root.write("a.csv", "id\n1\n2\n3\n")
    batches = root.source("a.csv").batches(None, None)
    seen = [await anext(batches)]
    with file.open("a") as opened:
        opened.write("4\n")

    with pytest.raises(Exception, match="was replaced or written to"):
        seen.extend([batch async for batch in batches])

    assert all(not batch.checkpoint["done"] for batch in seen)


async def test_a_job_whose_last_batch_was_stored_reads_nothing_again(root: Root) -> None:
    file = root.write("a.csv", "id\n1\n")
    *_, last = await batches_of(root.source("a.csv"))
    file.unlink()

    assert [] == await batches_of(root.source("a.csv"), last.checkpoint)


async def test_a_source_that_is_left_early_closes_its_file(root: Root) -> None:
    root.limit(batch_rows=1)
    root.write("a.ndjson", b"\n".join(orjson.dumps({"n": n}) for n in range(100)))
    before = _descriptors()
    batches = root.source("a.ndjson").batches(None, None)
    await anext(batches)
    assert before < _descriptors()

    await batches.aclose()  # type: ignore[attr-defined]

    assert before == _descriptors()


async def test_a_source_that_is_cancelled_while_it_reads_closes_its_file(root: Root) -> None:
    root.write("a.ndjson", b"\n".join(orjson.dumps({"n": n}) for n in range(100_000)))
    root.limit(batch_rows=10_000)
    before = _descriptors()
    for _ in range(5):
        running = asyncio.create_task(batches_of(root.source("a.ndjson")))
        await asyncio.sleep(0.005)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    assert before == _descriptors()


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208
