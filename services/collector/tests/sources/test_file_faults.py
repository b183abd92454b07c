"""Files that are broken, hostile or in another encoding."""

import gzip
import os
import resource
import zlib
from pathlib import Path

import pytest

from services.collector.tests.sources.collecting_all import batches_of, rejects_of, values_of
from services.collector.tests.sources.files import Root

_FORMATS = ["csv", "ndjson", "json"]


def _bomb(path: Path, megabytes: int, first: bytes = b"") -> None:
    """Write gzip that unpacks into so many megabytes of zeros, without unpacking it."""
    packing = zlib.compressobj(9, wbits=31)
    with path.open("wb") as file:
        file.write(packing.compress(first))
        zeros = b"0" * 1_000_000
        for _ in range(megabytes):
            file.write(packing.compress(zeros))
        file.write(packing.flush())


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000


@pytest.mark.parametrize("name", _FORMATS)
async def test_a_zip_bomb_is_not_unpacked(root: Root, name: str) -> None:
    _bomb(root.path / f"a.{name}.gz", 100)
    before = _peak_megabytes()

    error = await root.error(f"a.{name}.gz")

    assert error.permanent
    assert error.kind in {"too-large", "bad-file"}
    assert _peak_megabytes() - before < 50


async def test_a_zip_bomb_of_short_lines_ends_at_the_ratio(root: Root) -> None:
    (root.path / "a.csv.gz").write_bytes(gzip.compress((b"x" * 99 + b"\n") * 30_000))
    root.limit(unpacking_ratio=20)

    error = await root.error("a.csv.gz")

    assert ("too-large", "the file has more than 20 times its size when unpacked") == (
        error.kind,
        error.detail,
    )


async def test_a_packed_file_ends_at_the_size_that_files_may_have(root: Root) -> None:
    root.limit(file_bytes=100_000)
    root.write("a.csv.gz", b"id\n" * 50_000)

    assert "too-large" == (await root.error("a.csv.gz")).kind


async def test_a_file_of_many_members_is_read_as_one(root: Root) -> None:
    (root.path / "a.csv.gz").write_bytes(gzip.compress(b"id\n1\n") + gzip.compress(b"2\n"))

    assert [{"id": "1"}, {"id": "2"}] == values_of(await batches_of(root.source("a.csv.gz")))


@pytest.mark.parametrize("name", _FORMATS)
@pytest.mark.parametrize("cut", [5, 30, -4])
async def test_a_packed_file_that_breaks_off_is_refused(root: Root, name: str, cut: int) -> None:
    text = {"csv": b"id\n1\n", "ndjson": b'{"id":1}\n', "json": b'[{"id":1}]'}[name]
    noise = os.urandom(300).hex().encode()
    text = text.replace(b"1", b'"' + noise + b'"')
    (root.path / f"a.{name}.gz").write_bytes(gzip.compress(text)[:cut])

    error = await root.error(f"a.{name}.gz")

    assert ("bad-file", True) == (error.kind, error.permanent)


async def test_what_is_named_gz_and_is_not_is_refused(root: Root) -> None:
    (root.path / "a.csv.gz").write_bytes(b"id\n1\n")

    assert "the file cannot be read: it is not whole gzip" == (await root.error("a.csv.gz")).detail


async def test_a_file_over_the_limit_is_not_opened(root: Root) -> None:
    root.limit(file_bytes=1_000)
    with (root.path / "a.csv").open("wb") as file:
        file.truncate(10**12)

    assert "too-large" == (await root.error("a.csv")).kind


@pytest.mark.parametrize("name", _FORMATS)
async def test_more_records_than_a_job_may_have_end_it(root: Root, name: str) -> None:
    rows = {"csv": "id\n" + "1\n" * 11, "ndjson": "{}\n" * 11, "json": "[" + "{}," * 10 + "{}]"}
    root.limit(records=10)
    root.write(f"a.{name}", rows[name])

    assert "the file has more than 10 records" == (await root.error(f"a.{name}")).detail


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("csv", b"id\n" + b"x" * 3_000_000),
        ("csv", b"x" * 3_000_000),
        ("csv", b'id\n"' + b"x\n" * 1_500_000),
        ("ndjson", b'{"a":"' + b"x" * 3_000_000 + b'"}'),
        ("json", b'[{"a":"' + b"x" * 3_000_000 + b'"}]'),
        ("json", b"[" + b" " * 3_000_000 + b"]"),
        ("json", b'{"meta":"' + b"x" * 3_000_000 + b'"}'),
    ],
)
async def test_a_record_without_end_ends_the_job(root: Root, name: str, text: bytes) -> None:
    root.write(f"a.{name}", text)

    error = await root.error(f"a.{name}", records="data" if text.startswith(b'{"meta') else "")

    assert ("bad-file", True) == (error.kind, error.permanent)


async def test_a_row_of_lines_without_end_is_not_read_to_its_end(root: Root) -> None:
    root.write("a.csv", b'id\n1\n"' + b'a\n","' * 1_000_000)

    error = await root.error("a.csv")

    assert "is over 2000000 bytes" in error.detail


async def test_a_field_longer_than_readers_take_ends_the_job(root: Root) -> None:
    root.write("a.csv", "id\n1\n" + "x" * 200_000 + "\n2\n")

    assert "a field that begins in line 3 is too long" in (await root.error("a.csv")).detail


async def test_a_quote_that_is_never_closed_names_its_line(root: Root) -> None:
    root.write("a.csv", 'id,name\n1,a\n2,"b\n3,c\n')

    assert "a quote that opens in line 3 is never closed" in (await root.error("a.csv")).detail


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("", "it has no header"),
        ("\n", "it has no header"),
        ("id,id", "it has the column 'id' more than once"),
        ("id, ", "its column 2 has no name"),
        (",".join(f"c{n}" for n in range(10_000)), "it has 10000 columns, more than 1000"),
        ('"id', "its header: unexpected end of data"),
    ],
)
async def test_a_header_that_cannot_name_fields_is_refused(
    root: Root, header: str, reason: str
) -> None:
    root.write("a.csv", header)

    assert f"the file cannot be read: {reason}" == (await root.error("a.csv")).detail


async def test_a_row_of_ten_thousand_columns_is_rejected(root: Root) -> None:
    root.write("a.csv", "id,name\n" + ",".join("x" * 10_000) + "\n1,a\n")

    batches = await batches_of(root.source("a.csv"))

    assert [{"id": "1", "name": "a"}] == values_of(batches)
    assert ["has 10000 values, and the header 2"] == [r.reason for r in rejects_of(batches)]


async def test_lines_in_another_encoding_are_rejected_one_by_one(root: Root) -> None:
    latin = "Käse".encode("iso-8859-1")
    root.write("a.csv", b"id\na\n" + latin + b'\n"x\n' + latin + b'"\nb\n')
    root.write("a.ndjson", b'{"id":"a"}\n{"id":"' + latin + b'"}\n{"id":"b"}\n')

    of_csv = await batches_of(root.source("a.csv"))
    of_ndjson = await batches_of(root.source("a.ndjson"))

    assert ["a", "b"] == [values["id"] for values in values_of(of_csv)]
    assert ["a", "b"] == [values["id"] for values in values_of(of_ndjson)]
    assert ["line 3", "line 4"] == [reject.position for reject in rejects_of(of_csv)]
    assert ["line 2"] == [reject.position for reject in rejects_of(of_ndjson)]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
@pytest.mark.parametrize("name", ["csv", "ndjson", "json"])
async def test_utf_16_is_refused(root: Root, encoding: str, name: str) -> None:
    root.write(f"a.{name}", '\ufeff[{"id":1}]\n'.encode(encoding))

    assert (await root.error(f"a.{name}")).kind in {"bad-encoding", "bad-file"}


async def test_a_header_in_another_encoding_is_refused(root: Root) -> None:
    root.write("a.csv", "näme\n1\n".encode("iso-8859-1"))

    error = await root.error("a.csv")

    assert ("bad-encoding", "the file's first line is not utf-8 text") == (error.kind, error.detail)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{}",
        "7",
        '[{"a":1}',
        '[{"a":1}]]',
        '[{"a":1}] x',
        '[{"a":NaN}]',
        '[{"a":"\udce4"}]',
        "[" + "9" * 10_000 + "]",
        "[[" * 500_000,
    ],
)
async def test_a_document_that_is_no_list_of_records_is_refused(root: Root, text: str) -> None:
    root.write("a.json", text.encode("utf-8", "surrogateescape"))

    error = await root.error("a.json")

    assert ("bad-file", True) == (error.kind, error.permanent)
    assert "\n" not in error.detail


async def test_records_before_a_break_in_the_document_are_given(root: Root) -> None:
    root.limit(batch_rows=1)
    root.write("a.json", '[{"id":1},{"id":2},')
    batches = root.source("a.json").batches(None, None)

    assert [{"id": 1}] == values_of([await anext(batches)])


async def test_records_nested_without_end_are_rejected(root: Root) -> None:
    """The memory of one such record is no more than a few times its bytes."""
    deep = b"[" * 400_000 + b"]" * 400_000
    before = _peak_megabytes()
    root.write("a.json", b'[{"id":1},{"id":' + deep + b'},{"id":3}]')
    root.write("a.ndjson", b'{"id":1}\n{"id":' + deep + b'}\n{"id":3}\n')

    of_json = await batches_of(root.source("a.json"))
    of_lines = await batches_of(root.source("a.ndjson"))

    assert [1, 3] == [values["id"] for values in values_of(of_json)]
    assert [1, 3] == [values["id"] for values in values_of(of_lines)]
    assert ["record 2"] == [reject.position for reject in rejects_of(of_json)]
    assert ["line 2"] == [reject.position for reject in rejects_of(of_lines)]
    assert _peak_megabytes() - before < 100


async def test_nan_of_lines_comes_to_shaping(root: Root) -> None:
    root.write("a.ndjson", '{"q":NaN}\n{"q":Infinity}\n{"q":1}\n')

    found = values_of(await batches_of(root.source("a.ndjson")))

    assert ["nan", "inf", "1"] == [str(values["q"]) for values in found]


async def test_mixed_times_of_csv_come_as_they_were_written(root: Root) -> None:
    times = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00+05:30", "2026-01-01 00:00", "1.2.26"]
    root.write("a.csv", "at\n" + "\n".join(times))

    assert times == [values["at"] for values in values_of(await batches_of(root.source("a.csv")))]
