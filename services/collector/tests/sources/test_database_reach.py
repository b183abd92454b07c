"""What a job can do to a database: read what the site gives, as data and never as SQL."""

import asyncio
import sqlite3
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.collector.sites import DatabaseSite, Sites
from services.collector.sources.base import SourceError
from services.collector.sources.database_connecting import connect
from services.collector.sources.opening import check_config, open_source
from services.collector.tests.sources.collecting_all import batches_of, values_of
from services.collector.tests.sources.databases import Shop
from services.collector.triggers import DatabaseConfig
from tools.postgres_local.server import PostgresLocal

_INJECTIONS = [
    "sales; DROP TABLE sales",
    'sales"; DROP TABLE sales; --',
    "sales' OR '1'='1",
    "(SELECT 1)",
    "sales WHERE 1=1 --",
    "record_id, (SELECT password FROM users)",
    "*",
    "`sales`",
    "[sales]",
    "SALES",
    "sales%",
    "record_id::text",
]


async def _sales(shop: Shop) -> None:
    await shop.execute(
        "CREATE TABLE sales (record_id VARCHAR(99) PRIMARY KEY, changed INT)",
        "CREATE TABLE users (password TEXT)",
        "INSERT INTO sales VALUES ('a', 1), ('b', 2)",
        "INSERT INTO users VALUES ('hunter22')",
    )


@pytest.mark.parametrize("text", _INJECTIONS)
async def test_sql_in_place_of_a_name_is_a_name_that_nothing_has(shop: Shop, text: str) -> None:
    await _sales(shop)
    if text == "SALES" and shop.is_sqlite:
        # SQLite has one name for both; it comes as it was asked for, or not at all.
        text = "SALES_"

    assert "unknown-table" == (await shop.error(text)).kind
    for config in (
        {"columns": [text]},
        {"cursor_column": text},
        {"where": {text: 1}},
    ):
        assert "unknown-column" == (await shop.error("sales", **config)).kind
    if not shop.is_sqlite:
        assert "unknown-table" == (await shop.error("sales", schema=text)).kind
    assert 2 == len(values_of(await batches_of(shop.source("sales"))))


@pytest.mark.parametrize("text", _INJECTIONS)
async def test_sql_in_place_of_a_value_is_a_value(shop: Shop, text: str) -> None:
    await _sales(shop)
    await shop.insert("sales", [(text, 3)])

    batches = await batches_of(shop.source("sales", where={"record_id": text}))

    assert [{"record_id": text, "changed": 3}] == values_of(batches)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20))
async def test_names_and_values_of_any_text_are_data(sqlite_shop: Shop, text: str) -> None:
    await sqlite_shop.execute(
        "CREATE TABLE IF NOT EXISTS t (record_id TEXT PRIMARY KEY)", "DELETE FROM t"
    )
    await sqlite_shop.insert("t", [(text,), (text + "x",)])

    assert [{"record_id": text}] == values_of(
        await batches_of(sqlite_shop.source("t", where={"record_id": text}))
    )
    try:
        source = sqlite_shop.source("t", columns=[text])
    except ValidationError:
        return
    if text.lower() != "record_id":
        with pytest.raises(SourceError):
            await batches_of(source)


@pytest.mark.parametrize(
    ("table", "schema"),
    [
        ("pg_authid", None),
        ("pg_user", "pg_catalog"),
        ("tables", "information_schema"),
        ("PG_authid", None),
        ("x", "pg_toast"),
        ("sqlite_master", None),
        ("sqlite_schema", "main"),
    ],
)
async def test_the_tables_of_the_database_itself_are_refused_at_once(
    shop: Shop, table: str, schema: str | None
) -> None:
    sites = Sites(databases={"shop": DatabaseSite(url=shop.url)})
    config = DatabaseConfig.model_validate({"connection": "shop", "table": table, "schema": schema})

    with pytest.raises(SourceError) as caught:
        check_config(config, sites)

    assert ("unknown-table", True) == (caught.value.kind, caught.value.permanent)


async def test_tables_that_the_site_does_not_list_are_refused_at_once(shop: Shop) -> None:
    await _sales(shop)
    shop.tables = ["sales", "own.other"]

    assert 2 == len(values_of(await batches_of(shop.source("sales"))))
    for config in ({"table": "users"}, {"table": "other"}, {"table": "sales", "schema": "own"}):
        with pytest.raises(SourceError) as caught:
            shop.source(**config)
        assert "unknown-table" == caught.value.kind


def test_an_unknown_connection_is_refused_at_once() -> None:
    with pytest.raises(SourceError) as caught:
        check_config(DatabaseConfig(connection="other", table="t"), Sites())

    assert "unknown-connection" == caught.value.kind


@pytest.mark.parametrize(
    "statement",
    ["INSERT INTO sales VALUES ('c', 3)", "DROP TABLE sales", "CREATE TABLE t (a INT)"],
)
async def test_the_connection_itself_cannot_write(shop: Shop, statement: str) -> None:
    await _sales(shop)
    site = DatabaseSite(url=shop.url)

    with pytest.raises(SourceError):
        async with connect("shop", site, statement_seconds=5) as connection:
            await connection.exec_driver_sql(statement)
            await connection.commit()

    assert 2 == len(values_of(await batches_of(shop.source("sales"))))


async def test_a_view_that_writes_is_refused(postgres_shop: Shop) -> None:
    await _sales(postgres_shop)
    await postgres_shop.execute(
        "CREATE FUNCTION sell() RETURNS INT LANGUAGE sql AS "
        "$$ INSERT INTO sales VALUES ('c', 3) RETURNING 1 $$",
        "CREATE VIEW selling AS SELECT sell() AS record_id",
    )

    await postgres_shop.error("selling")

    assert 2 == len(values_of(await batches_of(postgres_shop.source("sales"))))


@pytest.mark.parametrize("rows", [1, 3])
async def test_a_statement_that_takes_too_long_is_ended(shop: Shop, rows: int) -> None:
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
        "SELECT i AS record_id FROM n WHERE i < 0"
        if shop.is_sqlite
        else "SELECT pg_sleep(60)::text AS record_id"
    )
    await shop.execute(f"CREATE VIEW slow AS {endless}")
    shop.limit(statement_seconds=0.3, batch_rows=rows)
    begun = time.monotonic()

    error = await shop.error("slow")

    assert ("source-too-slow", False) == (error.kind, error.permanent)
    assert time.monotonic() - begun < 20


async def test_more_rows_than_a_job_may_have_end_it(shop: Shop) -> None:
    await _sales(shop)
    shop.limit(records=1)

    assert ("too-large", "more than 1 rows") == (
        (error := await shop.error("sales")).kind,
        error.detail,
    )


async def test_more_columns_than_a_record_may_have_end_the_job(shop: Shop) -> None:
    columns = ", ".join(f"c{number} INT" for number in range(1_200))
    await shop.execute(f"CREATE TABLE wide ({columns})")

    assert "the table has 1200 columns, more than 1000" == (await shop.error("wide")).detail
    assert [] == values_of(await batches_of(shop.source("wide", columns=["c7"])))


@pytest.mark.parametrize(
    "where",
    [
        {"changed": "many"},
        {"changed": 2**40},
        {"changed": True},
        {"changed": 1.5},
        {"record_id": 7},
        {"record_id": "a\0b"},
    ],
)
async def test_a_value_that_a_column_cannot_have_is_refused(
    postgres_shop: Shop, where: dict[str, Any]
) -> None:
    await _sales(postgres_shop)

    error = await postgres_shop.error("sales", where=where)

    assert ("bad-filter", True) == (error.kind, error.permanent)


async def test_a_cursor_column_without_an_order_is_refused(postgres_shop: Shop) -> None:
    await postgres_shop.execute("CREATE TABLE t (id INT PRIMARY KEY, at JSONB, place POINT)")

    for column in ("at", "place"):
        assert "bad-cursor-column" == (await postgres_shop.error("t", cursor_column=column)).kind


async def test_a_date_that_the_calendar_does_not_have_ends_the_job(postgres_shop: Shop) -> None:
    await postgres_shop.execute(
        "CREATE TABLE t (id INT PRIMARY KEY, at DATE)",
        "INSERT INTO t VALUES (1, '4713-01-01 BC'), (2, '99999-01-01')",
    )

    error = await postgres_shop.error("t")

    assert ("bad-value", True) == (error.kind, error.permanent)


async def _refused(shop: Shop, site: DatabaseSite) -> SourceError:
    config = {"connection": "shop", "table": "sales"}
    with pytest.raises(SourceError) as caught:
        await batches_of(open_source("database", config, Sites(databases={"shop": site})))
    return caught.value


async def test_no_error_shows_the_address_the_user_or_the_password(
    postgres_shop: Shop, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("hunter22hunter22\n")
    host = postgres_shop.url.partition("@")[2]
    for url, kind in (
        (f"postgresql://nobody_here@{host}", "source-refuses"),
        (f"postgresql://postgres@{host}_none", "source-refuses"),
        ("postgresql://postgres@127.0.0.1:9/shop", "source-unavailable"),
        ("postgresql://postgres@no-such-host.invalid/shop", "source-unavailable"),
    ):
        site = DatabaseSite(url=url, password_file=tmp_path / "password")
        error = await _refused(postgres_shop, site)
        assert kind == error.kind
        assert error.permanent == (kind == "source-refuses")
        for private in ("hunter22", "nobody_here", "127.0.0.1", "invalid", "postgresql:"):
            assert private not in error.detail


async def test_a_user_who_may_not_read_a_table_is_told_so(postgres_shop: Shop) -> None:
    await _sales(postgres_shop)
    await postgres_shop.execute(
        "DROP ROLE IF EXISTS reader", "CREATE ROLE reader LOGIN", "GRANT SELECT ON sales TO reader"
    )
    reader = Shop(postgres_shop.url.replace("postgres@", "reader@"))

    assert 2 == len(values_of(await batches_of(reader.source("sales"))))
    assert "source-refuses" == (await reader.error("users")).kind


async def test_a_database_file_that_is_missing_may_still_come(tmp_path: Path) -> None:
    error = await Shop(f"sqlite:///{tmp_path / 'none.db'}").error("t")

    assert ("source-unavailable", False) == (error.kind, error.permanent)
    assert not (tmp_path / "none.db").exists()
    assert str(tmp_path) not in error.detail


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "shop.db").write_bytes(b"not a database " * 100)

    error = await Shop(f"sqlite:///{tmp_path / 'shop.db'}").error("t")

    assert ("bad-file", True) == (error.kind, error.permanent)


async def test_a_database_file_of_any_name_is_found(tmp_path: Path) -> None:
    shop = Shop(f"sqlite:///{tmp_path}/{quote('my shop#1? 100% +&.db')}")
    await _sales(shop)
    assert (tmp_path / "my shop#1? 100% +&.db").exists()

    assert 2 == len(values_of(await batches_of(shop.source("sales"))))


async def test_a_locked_database_file_is_unavailable(sqlite_shop: Shop) -> None:
    await _sales(sqlite_shop)
    sqlite_shop.limit(statement_seconds=0.2)
    locking = sqlite3.connect(sqlite_shop.url.removeprefix("sqlite:///"))
    locking.execute("BEGIN EXCLUSIVE")

    error = await sqlite_shop.error("sales")
    locking.close()

    assert not error.permanent


async def test_a_job_holds_no_lock_on_a_shop_between_batches(shop: Shop) -> None:
    await _sales(shop)
    shop.limit(batch_rows=1)
    batches = shop.source("sales").batches(None, None)
    await anext(batches)

    async with asyncio.timeout(4):
        await shop.execute("INSERT INTO sales VALUES ('c', 3)", "ALTER TABLE sales ADD extra INT")

    assert ["b", "c"] == [v["record_id"] async for b in batches for v in values_of([b])]


async def test_a_server_that_restarts_between_batches_ends_the_attempt_and_not_the_job(
    postgres: PostgresLocal, postgres_shop: Shop
) -> None:
    await _sales(postgres_shop)
    postgres_shop.limit(batch_rows=1)
    batches = postgres_shop.source("sales").batches(None, None)
    first = await anext(batches)
    await asyncio.to_thread(postgres.kill)

    with pytest.raises(SourceError) as caught:
        await anext(batches)
    unreachable = await postgres_shop.error("sales")
    await asyncio.to_thread(postgres.restart)
    rest = await batches_of(postgres_shop.source("sales"), first.checkpoint)

    assert ("source-unavailable", False) == (caught.value.kind, caught.value.permanent)
    assert ("source-unavailable", False) == (unreachable.kind, unreachable.permanent)
    assert ["a", "b"] == [values["record_id"] for values in values_of([first, *rest])]
