"""The connection to the collector's database: PostgreSQL, or an embedded SQLite file."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from typing import Any

from sqlalchemy import Connection, event, make_url, select
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from services.collector.storage_errors import StorageUnavailableError

CONNECT_SECONDS = 5
STATEMENT_SECONDS = 60
"""Longest wait for one answer; removing a large job takes longest."""
IDLE_SECONDS = 60
"""How long PostgreSQL keeps a transaction whose next statement does not come."""
LOCK_SECONDS = 10
"""Longest wait for a free connection, and for another process that writes to SQLite."""

_POSTGRESQL_UNAVAILABLE = (
    "08",  # connection failures
    "28",  # it does not let this user in
    "3D",  # there is no database of that name
    "53",  # out of disk, memory or connections
    "57P",  # shutting down, crashed, starting
    "58",  # errors of its system: disks
    "40",  # deadlock: another transaction was let through
    "55P03",  # a lock was not to be had in time
    "25006",  # read-only: connected to a standby during a failover
)
_SQLITE_UNAVAILABLE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_NOMEM,
    }
)


class Database:
    """Connections to one database; `open_database` makes it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.is_postgresql = engine.dialect.name == "postgresql"
        self._writer = engine
        if self.is_postgresql:
            # A query alone needs no transaction, and so two messages less.
            self._reader = engine.execution_options(isolation_level="AUTOCOMMIT")
        else:
            self._reader = engine.execution_options(only_reads=True)
        # SQLite has one writer; here each waits for its turn, there it would try again and again.
        self._turn: AbstractAsyncContextManager[Any] = (
            nullcontext() if self.is_postgresql else asyncio.Lock()
        )

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection for queries, each of which sees what is committed when it starts.

        Raises:
            StorageUnavailableError: the database does not answer.
        """
        with _translating():
            async with self._reader.connect() as connection:
                yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection in a transaction, committed at the end unless an exception leaves.

        Raises:
            StorageUnavailableError: the database does not answer. When that happens at the end,
                it is not known whether the transaction was committed.
        """
        with _translating():
            async with self._turn, self._writer.begin() as connection:
                yield connection

    async def probe(self) -> None:
        """Raise StorageUnavailableError unless the database answers."""
        async with self.reading() as connection:
            await connection.execute(select(1))


@asynccontextmanager
async def open_database(
    url: str, *, pool_size: int = 5, statement_seconds: float = STATEMENT_SECONDS
) -> AsyncIterator[Database]:
    """Yield the database at `url`; nothing is connected before it is used.

    Args:
        url: `postgresql://user:password@host/name` or `sqlite:///path`.
        pool_size: the most connections.
        statement_seconds: the longest wait for one answer of PostgreSQL.

    Raises:
        ValueError: no such kind of database is supported.
    """
    at = make_url(url)
    backend = at.get_backend_name()
    options: dict[str, Any] = {
        "pool_size": pool_size,
        "max_overflow": 0,
        "pool_timeout": LOCK_SECONDS,
        # What was bound is in no message: a record is nobody's business but its client's.
        "hide_parameters": True,
    }
    if backend == "postgresql":
        engine = create_async_engine(
            at.set(drivername="postgresql+asyncpg"),
            connect_args={
                "timeout": CONNECT_SECONDS,
                "command_timeout": statement_seconds,
                "server_settings": {
                    "application_name": "collector",
                    # A machine that went away in a transaction holds its locks, and nobody is
                    # admitted, until the server notices: by default after two hours.
                    "idle_in_transaction_session_timeout": f"{round(IDLE_SECONDS * 1_000)}ms",
                    "tcp_keepalives_idle": "30",
                    "tcp_keepalives_interval": "10",
                    "tcp_keepalives_count": "3",
                },
            },
            **options,
        )
        event.listen(engine.sync_engine, "checkout", _replace_closed)
    elif backend == "sqlite":
        engine = create_async_engine(
            at.set(drivername="sqlite+aiosqlite"),
            connect_args={"timeout": LOCK_SECONDS, "isolation_level": None},
            **options,
        )
        event.listen(engine.sync_engine, "connect", _set_up_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
    else:
        raise ValueError(f"{backend} is not supported; write postgresql:// or sqlite:///")
    try:
        yield Database(engine)
    finally:
        await engine.dispose()


@contextmanager
def _translating() -> Iterator[None]:
    """Say in one way that the database does not answer, whichever driver says it."""
    try:
        yield
    except DBAPIError as exc:
        if exc.connection_invalidated or _says_unavailable(exc.orig):
            raise StorageUnavailableError(f"the database does not answer: {exc.orig}") from exc
        raise
    except PoolTimeoutError as exc:
        raise StorageUnavailableError("every connection to the database is in use") from exc
    except (OSError, TimeoutError) as exc:  # refused or reset by the machine, or no answer in time
        what = str(exc) or type(exc).__name__
        raise StorageUnavailableError(f"the database does not answer: {what}") from exc


def _says_unavailable(error: BaseException | None) -> bool:
    """Tell whether a driver's error is about the database and not about what it was asked."""
    if isinstance(error, sqlite3.Error):
        # The low byte of an extended code is the kind of error.
        return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _SQLITE_UNAVAILABLE
    state = getattr(error, "sqlstate", None)
    if state is None:  # asyncpg's own words for a connection that is no more
        return type(error).__name__ in ("InterfaceError", "InternalClientError")
    return str(state).startswith(_POSTGRESQL_UNAVAILABLE)


def _replace_closed(connection: Any, record: Any, proxy: Any) -> None:
    """Have the pool replace a connection that its server ended, before it is used."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _set_up_sqlite(connection: Any, record: Any) -> None:
    cursor = connection.cursor()
    for setting in (
        "journal_mode = WAL",  # readers and the writer do not wait for each other
        "synchronous = FULL",  # what is committed survives a power failure
        "foreign_keys = ON",
    ):
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer that reads first must not find, when it writes, that another was faster.
    reads = connection.get_execution_options().get("only_reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
