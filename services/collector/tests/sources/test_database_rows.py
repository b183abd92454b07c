"""Rows of real databases, whole and from every checkpoint."""

import datetime as dt
import json
import uuid
from decimal import Decimal
from typing import Any

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
from services.collector.tests.sources.databases import Shop

_SHARED_SHOP = settings(
    max_examples=12,
    deadline=None,
    # Each example makes its table anew.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
_ROWS = st.lists(
    st.tuples(st.text("ab", max_size=3), st.none() | st.integers(0, 2), st.integers(0, 1)),
    max_size=7,
    unique_by=lambda row: row[0],
)


async def _sales(shop: Shop, rows: list[tuple[Any, ...]], key: str = "PRIMARY KEY") -> None:
    await shop.execute(
        "DROP TABLE IF EXISTS sales",
        f"CREATE TABLE sales (record_id VARCHAR(9) NOT NULL {key}, changed INT, shop INT)",
    )
    await shop.insert("sales", rows)


def _ids(batches: Any) -> list[str]:
    return [values["record_id"] for values in values_of(batches)]


@_SHARED_SHOP
@given(_ROWS, st.integers(1, 4))
async def test_by_primary_key_killed_after_any_batch_it_gives_every_row_once(
    shop: Shop, rows: list[tuple[Any, ...]], batch: int
) -> None:
    await _sales(shop, rows)
    shop.limit(batch_rows=batch)

    batches = await assert_resumes_exactly(lambda: shop.source("sales", where={"shop": 1}))

    wanted = {row[0]: row for row in rows if row[2] == 1}
    assert sorted(wanted) == sorted(_ids(batches))
    assert all(wanted[values["record_id"]][1] == values["changed"] for values in values_of(batches))
    assert [f"row {n}" for n in range(1, len(wanted) + 1)] == [r.position for r in rows_of(batches)]


@_SHARED_SHOP
@given(_ROWS, st.integers(1, 4))
async def test_by_cursor_column_with_ties_killed_after_any_batch_it_gives_every_row_once(
    shop: Shop, rows: list[tuple[Any, ...]], batch: int
) -> None:
    await _sales(shop, rows)
    shop.limit(batch_rows=batch)

    batches = await assert_resumes_exactly(lambda: shop.source("sales", cursor_column="changed"))

    assert sorted(row[0] for row in rows if row[1] is not None) == sorted(_ids(batches))
    cursors = [values["changed"] for values in values_of(batches)]
    assert sorted(cursors) == cursors
    without = sum(row[1] is None for row in rows)
    assert ([f"{without} rows have no value"] if without else []) == [
        reject.reason[: len(f"{without} rows have no value")] for reject in rejects_of(batches)
    ]


@_SHARED_SHOP
@given(_ROWS, st.integers(1, 4), st.sampled_from([None, "changed"]))
async def test_without_a_key_killed_after_any_batch_no_row_is_lost(
    shop: Shop, rows: list[tuple[Any, ...]], batch: int, cursor: str | None
) -> None:
    """Some come again, which the store knows by their record_id."""
    await _sales(shop, rows, key="")
    await shop.execute(
        "DROP VIEW IF EXISTS recent", "CREATE VIEW recent AS SELECT * FROM sales WHERE shop = 1"
    )
    shop.limit(batch_rows=batch)
    config = {} if cursor is None else {"cursor_column": cursor}
    for table in ("sales", "recent"):
        wanted = {
            row[0]
            for row in rows
            if (table == "sales" or row[2] == 1) and (cursor is None or row[1] is not None)
        }
        whole = await batches_of(shop.source(table, **config))
        assert sorted(wanted) == sorted(_ids(whole))
        for number, last in enumerate(whole, 1):
            rest = await batches_of(shop.source(table, **config), last.checkpoint)
            assert wanted == {*_ids(whole[:number]), *_ids(rest)}
        await shop.execute("DROP VIEW IF EXISTS recent") if table == "recent" else None


async def test_ties_at_the_border_of_a_batch_come_again_where_no_key_tells_them_apart(
    shop: Shop,
) -> None:
    await _sales(shop, [(name, 1, 1) for name in "abcd"], key="")
    await shop.execute("CREATE VIEW recent AS SELECT * FROM sales")
    shop.limit(batch_rows=2)

    first, *_ = await batches_of(shop.source("recent", cursor_column="changed"))
    rest = await batches_of(shop.source("recent", cursor_column="changed"), first.checkpoint)

    assert set("abcd") == {*_ids([first]), *_ids(rest)}


async def test_an_attempt_that_begins_again_shows_no_progress_until_it_has_some(
    postgres_shop: Shop,
) -> None:
    """Else a job that fails at the same row each time would never end."""
    await _sales(postgres_shop, [(str(n), n, 1) for n in range(4)], key="")
    postgres_shop.limit(batch_rows=2)

    first, second, last = await batches_of(postgres_shop.source("sales"))

    assert first.checkpoint == second.checkpoint
    assert last.checkpoint["done"]


async def test_a_table_of_sqlite_without_a_key_goes_on_by_its_rowid(sqlite_shop: Shop) -> None:
    await _sales(sqlite_shop, [(str(n), n, 1) for n in range(10)], key="")
    sqlite_shop.limit(batch_rows=3)

    batches = await assert_resumes_exactly(lambda: sqlite_shop.source("sales"))

    assert [str(n) for n in range(10)] == _ids(batches)
    assert {"record_id", "changed", "shop"} == set(values_of(batches)[0])


async def test_rows_that_change_while_a_job_goes_on_cost_no_other_rows(shop: Shop) -> None:
    await _sales(shop, [(f"{n:03}", n, 1) for n in range(20)])
    shop.limit(batch_rows=5)
    batches = shop.source("sales").batches(None, None)
    seen = [await anext(batches)]
    await shop.execute("DELETE FROM sales WHERE record_id IN ('001', '012')")
    await shop.insert("sales", [("003b", 1, 1), ("017b", 1, 1)])

    seen.extend([batch async for batch in batches])

    assert {f"{n:03}" for n in range(20) if n != 12} | {"017b"} == set(_ids(seen))


@_SHARED_SHOP
@given(st.lists(st.lists(st.integers(0, 3), max_size=5), max_size=4), st.integers(1, 3))
async def test_jobs_of_a_series_together_give_every_row_once(
    shop: Shop, growths: list[list[int]], batch: int
) -> None:
    """Each sale changes later than those before, or at the same time with a greater key."""
    await _sales(shop, [])
    shop.limit(batch_rows=batch)
    watermark = None
    now, added, found = 0, 0, []
    for steps in growths:
        rows = []
        for step in steps:
            now, added = now + step, added + 1
            rows.append((f"{added:04}", now, 1))
        await shop.insert("sales", rows)
        source = shop.source("sales", cursor_column="changed", series="sales")
        batches = await batches_of(source, None, watermark)
        found += _ids(batches)
        assert all(one.watermark is None for one in batches[:-1])
        watermark = batches[-1].watermark or watermark
        # As after a crash between the last batch and the job's success.
        (again,) = await batches_of(source, batches[-1].checkpoint)
        assert (batches[-1].watermark, []) == (again.watermark, list(again.rows))

    assert [f"{number:04}" for number in range(1, added + 1)] == found


async def test_a_watermark_of_another_table_is_refused(shop: Shop) -> None:
    await _sales(shop, [("a", 1, 1)])
    await shop.execute("CREATE TABLE other (record_id INT PRIMARY KEY, changed INT)")
    series = {"cursor_column": "changed", "series": "s"}
    *_, last = await batches_of(shop.source("sales", **series))

    for source in (
        shop.source("other", **series),
        shop.source("sales", cursor_column="shop", series="s"),
    ):
        with pytest.raises(Exception, match="of another table or cursor_column"):
            await batches_of(source, None, last.watermark)
    assert [] == _ids(await batches_of(shop.source("sales", **series), None, last.watermark))


async def test_every_type_of_postgresql_is_what_rows_may_have(postgres_shop: Shop) -> None:
    await postgres_shop.execute(
        "CREATE TYPE mood AS ENUM ('good', 'bad')",
        """CREATE TABLE all_types AS SELECT
            7::smallint AS small, 9223372036854775807 AS big, 1.10::numeric(9, 2) AS exact,
            'NaN'::numeric AS no_exact, 'NaN'::real AS no_number, '-Infinity'::float8 AS least,
            'ä' AS text, 'x'::char(3) AS padded, true AS yes, NULL::int AS nothing,
            '\\xff00'::bytea AS bytes, '2026-01-02'::date AS day, '03:04'::time AS clock,
            '2026-01-02 03:04:05.678901+02'::timestamptz AS zoned,
            '2026-01-02 03:04:05'::timestamp AS naive, '90 seconds'::interval AS duration,
            'd9428888-122b-11e1-b85c-61cd3cbb3210'::uuid AS uuid, '{"a": [1.5]}'::jsonb AS json,
            ARRAY[1, NULL] AS numbers, '10.0.0.1'::inet AS address, 'good'::mood AS mood,
            int4range(1, 5) AS span, '1.50'::money AS money, '(1,2)'::point AS place""",
    )

    (values,) = values_of(await batches_of(postgres_shop.source("all_types")))

    assert "NaN nan -inf" == " ".join(str(values[n]) for n in ("no_exact", "no_number", "least"))
    assert (7, 2**63 - 1, Decimal("1.10"), "ä", "x  ", True, None, b"\xff\x00") == tuple(
        values[name]
        for name in ("small", "big", "exact", "text", "padded", "yes", "nothing", "bytes")
    )
    zone = dt.timezone(dt.timedelta(hours=2))
    assert dt.datetime(2026, 1, 2, 3, 4, 5, 678_901, zone) == values["zoned"]
    assert dt.datetime(2026, 1, 2, 3, 4, 5) == values["naive"]  # noqa: DTZ001
    assert (dt.date(2026, 1, 2), dt.time(3, 4), "PT1M30S") == tuple(
        values[name] for name in ("day", "clock", "duration")
    )
    assert str(uuid.UUID("d9428888-122b-11e1-b85c-61cd3cbb3210")) == values["uuid"]
    assert ({"a": [1.5]}, [1, None], "10.0.0.1", "good", "$1.50") == tuple(
        values[name] for name in ("json", "numbers", "address", "mood", "money")
    )
    json.dumps([values["span"], values["place"]])


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("NUMERIC", ["1.10", "1.2", "'NaN'"]),
        ("DOUBLE PRECISION", ["'-Infinity'", "0.1", "'Infinity'", "'NaN'"]),
        ("REAL", ["0.1", "0.2", "0.3"]),
        ("TIMESTAMPTZ", ["'-infinity'", "'2026-01-01T00:00:00.000001Z'", "'infinity'"]),
        ("TIMESTAMP", ["'2026-01-01'", "'2026-01-01T00:00:00.000001'"]),
        ("DATE", ["'2026-01-01'", "'2026-01-02'"]),
        ("TIME", ["'01:00'", "'01:00:00.000001'"]),
        (
            "UUID",
            ["'d9428888-122b-11e1-b85c-61cd3cbb3210'", "'e9428888-122b-11e1-b85c-61cd3cbb3210'"],
        ),
        ("BYTEA", ["'\\x00'", "'\\xff'"]),
        ("BOOLEAN", ["false", "true"]),
        ("CHAR(4)", ["'a'", "'b'"]),
        ("mood", ["'good'", "'bad'"]),  # in the order of their declaration
        ("CITEXT", ["'a'", "'B'", "'c'"]),
        ("BIGINT", ["-1", "9223372036854775807"]),
    ],
)
async def test_every_type_of_key_of_postgresql_can_be_gone_on_from(
    postgres_shop: Shop, kind: str, keys: list[str]
) -> None:
    values = ", ".join(f"({key}, {number})" for number, key in enumerate(keys))
    await postgres_shop.execute("CREATE TYPE mood AS ENUM ('good', 'bad')")
    await postgres_shop.execute("CREATE EXTENSION citext SCHEMA public")
    await postgres_shop.execute(
        f"CREATE TABLE t (k {kind} PRIMARY KEY, record_id INT)", f"INSERT INTO t VALUES {values}"
    )
    postgres_shop.limit(batch_rows=1)

    batches = await assert_resumes_exactly(lambda: postgres_shop.source("t", columns=["record_id"]))

    assert list(range(len(keys))) == [values["record_id"] for values in values_of(batches)]


async def test_a_key_of_a_type_without_literals_is_no_key(postgres_shop: Shop) -> None:
    """An attempt begins again, and the store knows what it has."""
    await postgres_shop.execute(
        "CREATE TABLE t (record_id INET PRIMARY KEY)", "INSERT INTO t VALUES ('10.0.0.1'), ('::1')"
    )
    postgres_shop.limit(batch_rows=1)

    whole = await batches_of(postgres_shop.source("t"))
    again = await batches_of(postgres_shop.source("t"), whole[0].checkpoint)

    assert {"10.0.0.1", "::1"} == set(_ids(whole)) == set(_ids(again))


async def test_keys_of_several_columns_and_kinds_in_sqlite_are_gone_on_from(
    sqlite_shop: Shop,
) -> None:
    """SQLite keeps values of any kind in one column, and orders them all."""
    await sqlite_shop.execute("CREATE TABLE t (a DATETIME, b INT, PRIMARY KEY (a, b))")
    keys = [1, 1.5, 2**62, "2026-01-01", "not a time", "ä", b"\x00", b"\xff"]
    await sqlite_shop.insert("t", [(key, number) for key in keys for number in (1, "x")])
    sqlite_shop.limit(batch_rows=1)

    batches = await assert_resumes_exactly(lambda: sqlite_shop.source("t"))

    assert [(key, n) for key in keys for n in (1, "x")] == [
        (values["a"], values["b"]) for values in values_of(batches)
    ]


async def test_text_of_sqlite_that_is_no_text_costs_only_its_row(sqlite_shop: Shop) -> None:
    await sqlite_shop.execute(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)",
        "INSERT INTO t VALUES (1, 'a'), (2, CAST(x'ff' AS TEXT)), (3, 'c')",
    )

    batches = await batches_of(sqlite_shop.source("t"))

    assert [1, 3] == [values["id"] for values in values_of(batches)]
    assert [("row 2", "name")] == [(r.position, r.field) for r in rejects_of(batches)]


async def test_columns_that_are_asked_for_are_all_that_come(shop: Shop) -> None:
    await _sales(shop, [("a", 1, 7)])

    batches = await batches_of(shop.source("sales", columns=["shop"], cursor_column="changed"))

    assert [{"shop": 7}] == values_of(batches)


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ({"changed": None}, ["b"]),
        ({"changed": 1}, ["a"]),
        ({"record_id": "c"}, ["c"]),
        ({"record_id": "c", "shop": 9}, []),
        ({"shop": 8, "changed": 2}, ["c"]),
    ],
)
async def test_where_gives_only_rows_with_these_values(
    shop: Shop, where: dict[str, Any], ids: list[str]
) -> None:
    await _sales(shop, [("a", 1, 7), ("b", None, 7), ("c", 2, 8)])

    assert ids == _ids(await batches_of(shop.source("sales", where=where)))


async def test_where_takes_times_and_decimals_as_text(postgres_shop: Shop) -> None:
    await postgres_shop.execute(
        "CREATE TABLE t (record_id INT PRIMARY KEY, d DATE, z TIMESTAMPTZ, n NUMERIC, u UUID)",
        "INSERT INTO t VALUES (1, '2026-01-02', '2026-01-02T03:04:05Z', 1.10, "
        "'d9428888-122b-11e1-b85c-61cd3cbb3210')",
    )
    for where in (
        {"d": "2026-01-02"},
        {"z": "2026-01-02T04:04:05+01:00"},
        {"n": "1.1"},
        {"n": 1.1},
        {"u": "d9428888-122b-11e1-b85c-61cd3cbb3210"},
    ):
        assert 1 == len(values_of(await batches_of(postgres_shop.source("t", where=where))))


async def test_a_table_in_a_schema_of_its_own_is_found(postgres_shop: Shop) -> None:
    await postgres_shop.execute(
        'CREATE SCHEMA "My Shop"', 'CREATE TABLE "My Shop"."Select" ("Record Id" INT PRIMARY KEY)',
        'INSERT INTO "My Shop"."Select" VALUES (1)',
    )  # fmt: skip

    batches = await batches_of(postgres_shop.source("Select", schema="My Shop"))

    assert [{"Record Id": 1}] == values_of(batches)
