"""What all tests of sources have in common."""

import sqlite3
from pathlib import Path

import pytest
import pytest_asyncio

from services.collector.sources import fetching
from services.collector.tests.sources.databases import Shop
from services.collector.tests.sources.files import Root
from tools.postgres_local.server import PostgresLocal


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries come at once; how long they wait is tested by itself."""
    monkeypatch.setattr(fetching, "_FIRST_PAUSE_SECONDS", 0.001)


@pytest.fixture
def root(tmp_path: Path) -> Root:
    """An empty folder that the site opens."""
    folder = tmp_path / "exports"
    folder.mkdir()
    return Root(folder)


@pytest.fixture
def sqlite_shop(tmp_path: Path) -> Shop:
    """An empty SQLite database that the site opens."""
    sqlite3.connect(tmp_path / "shop.db").close()
    return Shop(f"sqlite:///{tmp_path / 'shop.db'}")


@pytest_asyncio.fixture(scope="session")
async def postgres_shop_url(postgres: PostgresLocal) -> str:
    """URL of a database of the target's own, which tests empty."""
    await Shop(postgres.url).execute("CREATE DATABASE shop TEMPLATE template0")
    return postgres.url.removesuffix("postgres") + "shop"


@pytest_asyncio.fixture
async def postgres_shop(postgres_shop_url: str) -> Shop:
    """An empty database of PostgreSQL that the site opens."""
    shop = Shop(postgres_shop_url)
    await shop.execute(
        """DO $$ DECLARE name text; BEGIN
            FOR name IN SELECT nspname FROM pg_namespace
                WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
            LOOP EXECUTE format('DROP SCHEMA %I CASCADE', name); END LOOP;
        END $$""",
        "CREATE SCHEMA public",
        "GRANT USAGE ON SCHEMA public TO PUBLIC",
    )
    return shop


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest) -> Shop:
    """An empty database of either kind that the site opens."""
    fixture = {"sqlite": "sqlite_shop", "postgresql": "postgres_shop"}[request.param]
    found: Shop = request.getfixturevalue(fixture)
    return found
