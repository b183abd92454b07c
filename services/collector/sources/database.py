"""Rows of a table or view, in the order of a key where there is one.

With a key each batch is a statement of its own, which begins after the last row of the one before,
so that no transaction is held open in somebody's database while a batch is stored. Without one, all
rows are read in one statement, and an attempt after a failed one begins again.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collector.jobs import JsonObject, Reject
from services.collector.sites import Sites
from services.collector.sources.base import Batch, Row, SourceError
from services.collector.sources.catalogue import Table, look_up
from services.collector.sources.database_connecting import UndecodableText, connect, limited
from services.collector.sources.keys import read_key, write_key
from services.collector.sources.plain import plain
from services.collector.triggers import DatabaseConfig

_OWN_SCHEMAS = ("pg_", "information_schema")
_OWN_TABLES = ("pg_", "sqlite_")


def check_database(config: DatabaseConfig, sites: Sites) -> None:
    """Refuse a connection that this site does not have and tables that it does not give.

    Raises:
        SourceError: permanent.
    """
    site = sites.databases.get(config.connection)
    if site is None:
        raise SourceError(
            "unknown-connection",
            f"this site has no connection {config.connection!r}",
            permanent=True,
        )
    name = config.table if config.schema_name is None else f"{config.schema_name}.{config.table}"
    own = (config.schema_name or "").lower().startswith(_OWN_SCHEMAS)
    if own or config.table.lower().startswith(_OWN_TABLES):
        raise SourceError("unknown-table", f"{name!r} is the database's own", permanent=True)
    if site.tables is not None and name not in site.tables:
        raise SourceError(
            "unknown-table", f"this site gives no table {name!r} to jobs", permanent=True
        )


class _Checkpoint(BaseModel):
    key: list[Any] | None = None
    """Of the last row; as in `keys`."""
    rows: int = 0
    done: bool = False


class _Watermark(BaseModel):
    """The last row of a series; it belongs to the table and column that it is from."""

    table: str
    table_schema: str | None
    cursor_column: str
    key: list[Any]


class DatabaseSource:
    """As `Source`."""

    def __init__(self, config: DatabaseConfig, sites: Sites) -> None:
        self._config = config
        self._site = sites.databases[config.connection]
        self._limits = sites.limits

    async def batches(
        self, checkpoint: JsonObject | None, watermark: JsonObject | None
    ) -> AsyncIterator[Batch]:
        """As `Source.batches`; the last batch of a job with a series has its watermark."""
        start = self._start(checkpoint, watermark)
        if start.done:
            yield Batch((), start.model_dump(mode="json"), watermark=self._watermark(start))
            return
        seconds = self._limits.statement_seconds
        async with connect(
            self._config.connection, self._site, statement_seconds=seconds
        ) as connection:
            async with limited(connection, seconds):
                table = await connection.run_sync(
                    look_up, self._config, most_columns=self._limits.columns
                )
            if table.unique:
                batches = self._paged(connection, table, start)
            else:
                batches = self._streamed(connection, table, start)
            async with aclosing(batches):
                async for batch in batches:
                    yield batch

    def _start(self, checkpoint: JsonObject | None, watermark: JsonObject | None) -> _Checkpoint:
        try:
            if checkpoint is not None:
                return _Checkpoint.model_validate(checkpoint)
            if watermark is None or self._config.series is None:
                return _Checkpoint()
            mark = _Watermark.model_validate(watermark)
        except ValidationError:
            raise SourceError(
                "bad-checkpoint", "the job was begun by another version", permanent=True
            ) from None
        of = (mark.table, mark.table_schema, mark.cursor_column)
        if of != (self._config.table, self._config.schema_name, self._config.cursor_column):
            raise SourceError(
                "series-mismatch",
                f"the series {self._config.series!r} is one of another table or cursor_column",
                permanent=True,
            )
        return _Checkpoint(key=mark.key)

    def _watermark(self, at: _Checkpoint) -> JsonObject | None:
        if self._config.series is None or self._config.cursor_column is None or at.key is None:
            return None
        return _Watermark(
            table=self._config.table,
            table_schema=self._config.schema_name,
            cursor_column=self._config.cursor_column,
            key=at.key,
        ).model_dump(mode="json")

    async def _paged(
        self, connection: AsyncConnection, table: Table, at: _Checkpoint
    ) -> AsyncGenerator[Batch]:
        size = self._limits.batch_rows
        while not at.done:
            found = await self._all(connection, _select(table, at.key, after=True).limit(size))
            rejects = []
            if len(found) < size:
                rejects = await self._without_key(connection, table)
            # Nothing is held in their database while our batch is stored.
            await connection.rollback()
            at, batch = self._batch(table, found, at, rejects, done=len(found) < size)
            yield batch

    async def _streamed(
        self, connection: AsyncConnection, table: Table, at: _Checkpoint
    ) -> AsyncGenerator[Batch]:
        rejects = await self._without_key(connection, table)
        statement = _select(table, at.key, after=False)
        # Rows that share the last cursor value come again: which of them were stored is not known.
        at = _Checkpoint(key=at.key)
        read = 0
        size = self._limits.batch_rows
        async with limited(connection, self._limits.statement_seconds):
            result = await connection.stream(statement)
        while not at.done:
            async with limited(connection, self._limits.statement_seconds):
                found = await result.fetchmany(size)
            done = len(found) < size
            at = at.model_copy(update={"rows": read})
            at, batch = self._batch(table, found, at, rejects if done else [], done=done)
            # What an attempt that begins again has passed over is no progress of the job.
            read, at.rows = at.rows, 0
            yield replace(batch, checkpoint=at.model_dump(mode="json"))

    async def _all(
        self, connection: AsyncConnection, statement: sa.Select[Any]
    ) -> Sequence[sa.Row[Any]]:
        async with limited(connection, self._limits.statement_seconds):
            found: Sequence[sa.Row[Any]] = (await connection.execute(statement)).all()
            return found

    async def _without_key(self, connection: AsyncConnection, table: Table) -> list[Reject]:
        """Report rows that no place in the order can be given; once, at the end."""
        if not table.key:
            return []
        missing = sa.or_(*(column.is_(None) for column in table.key))
        counting = sa.select(sa.func.count()).select_from(table.source)
        ((amount,),) = await self._all(connection, counting.where(missing, *table.conditions))
        names = ", ".join(column.name for column in table.key)
        reason = f"{amount} rows have no value in the columns that order them: {names}"
        return [Reject("the whole table", None, reason)] if amount else []

    def _batch(
        self,
        table: Table,
        found: Sequence[sa.Row[Any]],
        at: _Checkpoint,
        rejects: Sequence[Reject],
        *,
        done: bool,
    ) -> tuple[_Checkpoint, Batch]:
        if at.rows + len(found) > self._limits.records:
            raise SourceError("too-large", f"more than {self._limits.records} rows", permanent=True)
        rows: list[Row] = []
        rejects = list(rejects)
        width = len(table.names)
        for number, values in enumerate(found, at.rows + 1):
            position = f"row {number}"
            wrong = _undecodable(table.names, values)
            if wrong is None:
                fields = zip(table.names, map(plain, values[:width]), strict=True)
                rows.append(Row(position, dict(fields)))
            else:
                rejects.append(Reject(position, wrong, "is not UTF-8 text"))
        key = _key(found[-1][width:]) if found and table.key else at.key
        at = _Checkpoint(key=key, rows=at.rows + len(found), done=done)
        watermark = self._watermark(at) if done else None
        return at, Batch(rows, at.model_dump(mode="json"), rejects, watermark)


def _select(table: Table, key: Sequence[Any] | None, *, after: bool) -> sa.Select[Any]:
    """Return the statement for the rows after a key or, when keys are not unique, from it on."""
    columns = table.source.c
    statement = sa.select(
        *(columns[name].label(f"field_{n}") for n, name in enumerate(table.names)),
        *(column.label(f"key_{n}") for n, column in enumerate(table.key)),
    ).where(*table.conditions, *(column.is_not(None) for column in table.key))
    if key is not None and table.key:
        try:
            bound = [
                sa.bindparam(None, value, type_=column.type)
                for column, value in zip(table.key, read_key(key), strict=True)
            ]
        except ValueError:
            raise SourceError(
                "series-mismatch", "the table's key is another than it was", permanent=True
            ) from None
        row, last = sa.tuple_(*table.key), sa.tuple_(*bound)
        statement = statement.where(row > last if after else row >= last)
    return statement.order_by(*table.key)


def _undecodable(names: Sequence[str], values: Sequence[Any]) -> str | None:
    for name, value in zip(names, values, strict=False):
        if isinstance(value, UndecodableText):
            return name
    return None


def _key(values: Sequence[Any]) -> list[Any]:
    try:
        return write_key(values)
    except TypeError:
        raise SourceError(
            "bad-value",
            "a value of the table's key is none that can be gone on from",
            permanent=True,
        ) from None
