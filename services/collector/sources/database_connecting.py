"""Connections to the site's databases, which can read only, and what their errors mean."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

from asyncpg.exceptions import InterfaceError, PostgresError
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from services.collector.secrets import read_secret
from services.collector.sites import DatabaseSite
from services.collector.sources.base import SourceError
from services.collector.sources.catalogue import bad_filter

_CONNECT_SECONDS = 10.0
_IDLE_SECONDS = 600
"""Between two batches of a table without a key; after that the server ends the transaction."""
_SPARE_SECONDS = 5.0
"""For a server to say that a statement took too long, before the connection is given up."""


@asynccontextmanager
async def connect(
    name: str, site: DatabaseSite, *, statement_seconds: float
) -> AsyncIterator[AsyncConnection]:
    """Yield a connection that cannot write.

    Raises:
        SourceError: it cannot be made, or what is done with it fails.
    """
    engine = _engine(name, site, statement_seconds)
    try:
        async with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                await _prepare_sqlite(connection)
            yield connection
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise explained(error) from None
    except (PostgresError, InterfaceError) as error:
        # SQLAlchemy passes these on while it connects.
        raise explained(error) from None
    except (ValueError, OverflowError):
        raise SourceError(
            "bad-value", "a value is one that its column's type does not have", permanent=True
        ) from None
    finally:
        await engine.dispose()


def _engine(name: str, site: DatabaseSite, statement_seconds: float) -> AsyncEngine:
    address = site.address
    if address.get_backend_name() == "sqlite":
        url = URL.create(
            "sqlite+aiosqlite",
            database=f"file:{quote(address.database or '')}",
            query={"mode": "ro", "uri": "true"},
        )
        return create_async_engine(
            url,
            poolclass=NullPool,
            hide_parameters=True,
            connect_args={"timeout": statement_seconds},  # for whoever locks it
        )
    password = None if site.password_file is None else read_secret(name, site.password_file)
    url = address.set(drivername="postgresql+asyncpg", password=password)
    milliseconds = str(int(statement_seconds * 1_000))
    return create_async_engine(
        url,
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={
            "timeout": _CONNECT_SECONDS,
            "command_timeout": statement_seconds + _SPARE_SECONDS,
            "server_settings": {
                "application_name": "granary-collector",
                "default_transaction_read_only": "on",
                "statement_timeout": milliseconds,
                "lock_timeout": milliseconds,
                "idle_in_transaction_session_timeout": str(_IDLE_SECONDS * 1_000),
            },
        },
    )


class UndecodableText(bytes):
    """Text of SQLite that is not UTF-8."""


def _text(raw: bytes) -> str | bytes:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return UndecodableText(raw)


async def _driver(connection: AsyncConnection) -> Any:
    return (await connection.get_raw_connection()).driver_connection


async def _prepare_sqlite(connection: AsyncConnection) -> None:
    # Without this one such text would end the job, as an error that looks like a passing one.
    (await _driver(connection)).text_factory = _text
    await connection.exec_driver_sql("PRAGMA query_only = ON")
    await connection.exec_driver_sql("PRAGMA trusted_schema = OFF")
    await connection.rollback()


@asynccontextmanager
async def limited(connection: AsyncConnection, seconds: float) -> AsyncIterator[None]:
    """Interrupt SQLite when what is done within takes longer; PostgreSQL does so by itself."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = await _driver(connection)

    async def interrupt() -> None:
        await asyncio.sleep(seconds)
        await driver.interrupt()

    alarm = asyncio.create_task(interrupt())
    try:
        yield
    finally:
        alarm.cancel()


def explained(error: BaseException) -> SourceError:
    """Return what an error of a driver means, in words without its statement, values and URL."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = str(getattr(cause, "sqlstate", None) or "")
    sqlite = str(getattr(cause, "sqlite_errorname", None) or "")
    if state == "57014" or sqlite == "SQLITE_INTERRUPT" or isinstance(cause, TimeoutError):
        return SourceError(
            "source-too-slow", "the database took longer than this site allows", permanent=False
        )
    if state.startswith(("28", "42501")) or sqlite == "SQLITE_AUTH":
        return SourceError(
            "source-refuses", "the database does not let this site read that", permanent=True
        )
    if state.startswith("3D"):
        return SourceError("source-refuses", "the server has no such database", permanent=True)
    if state.startswith("22") or "DataError" in type(cause).__name__:
        return bad_filter("a wanted value is none that its column can have")
    if sqlite in {"SQLITE_NOTADB", "SQLITE_CORRUPT"}:
        return SourceError("bad-file", "the file is no whole SQLite database", permanent=True)
    words = state or sqlite or type(cause).__name__
    return SourceError(
        "source-unavailable", f"the database does not answer: {words}", permanent=False
    )
