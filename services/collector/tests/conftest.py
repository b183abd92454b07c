"""Databases for tests: SQLite and PostgreSQL, each with the newest tables and nothing in them."""

import itertools
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import NullPool, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from services.collector.database import Database, open_database
from services.collector.schema import migrate_up
from tools.postgres_local.server import PostgresLocal, start

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresLocal]:
    """A running PostgreSQL; whoever kills it restarts it."""
    with start() as server:
        yield server


async def new_postgres_database(server: PostgresLocal) -> str:
    """Return the URL of a new database without tables."""
    name = f"collector_{next(_numbers)}"
    await _execute(server, f"CREATE DATABASE {name}")
    return make_url(server.url).set(database=name).render_as_string(hide_password=False)


async def drop_postgres_database(server: PostgresLocal, url: str) -> None:
    """Remove a database, whoever is still connected."""
    await _execute(server, f"DROP DATABASE {make_url(url).database} WITH (FORCE)")


async def _execute(server: PostgresLocal, statement: str) -> None:
    url = make_url(server.url).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.execute(text(statement))


@pytest_asyncio.fixture(scope="session")
async def postgres_with_tables(postgres: PostgresLocal) -> str:
    """URL of a database with the newest tables."""
    url = await new_postgres_database(postgres)
    async with open_database(url) as database:
        await migrate_up(database)
    return url


@pytest_asyncio.fixture(scope="session")
async def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the newest tables."""
    path = tmp_path_factory.mktemp("template") / "collector.db"
    async with open_database(f"sqlite:///{path}") as database:
        await migrate_up(database)
    return path


@pytest_asyncio.fixture
async def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """URL of an embedded database of the test's own."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'collector.db')}"


@pytest_asyncio.fixture
async def postgres_url(postgres_with_tables: str) -> str:
    """URL of a database in the target's PostgreSQL, emptied for the test."""
    # A new database for each test would take ten times as long.
    async with open_database(postgres_with_tables) as database, database.writing() as connection:
        await connection.execute(text("TRUNCATE jobs, watermarks CASCADE"))
    return postgres_with_tables


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """URL of a database of the test's own, of either kind."""
    fixture = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    return str(request.getfixturevalue(fixture))


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database of the test's own, of either kind, open."""
    async with open_database(database_url, pool_size=10) as opened:
        yield opened
