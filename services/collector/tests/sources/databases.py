"""Databases of shops, of both kinds, and sources of them."""

import sqlite3
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest
from sqlalchemy import make_url

from services.collector.sites import DatabaseSite, Limits, Sites
from services.collector.sources.base import Source, SourceError
from services.collector.sources.opening import open_source
from services.collector.tests.sources.collecting_all import batches_of
from services.collector.triggers import DatabaseConfig, config_json


class Shop:
    """A database that the site opens as `shop`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.limits = Limits()
        self.tables: list[str] | None = None

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file."""
        return self.url.startswith("sqlite")

    async def execute(self, *statements: str) -> None:
        """Execute statements as the shop does."""
        if self.is_sqlite:
            connection = sqlite3.connect(str(make_url(self.url).database))
            for statement in statements:
                connection.execute(statement)
            connection.commit()
            connection.close()
            return
        postgres = await asyncpg.connect(self.url)
        try:
            for statement in statements:
                await postgres.execute(statement)
        finally:
            await postgres.close()

    async def insert(self, table: str, rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows as the shop does."""
        if not rows:
            return
        places = range(1, len(rows[0]) + 1)
        if self.is_sqlite:
            connection = sqlite3.connect(str(make_url(self.url).database))
            marks = ",".join("?" for _ in places)
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
            connection.commit()
            connection.close()
            return
        postgres = await asyncpg.connect(self.url)
        try:
            marks = ",".join(f"${place}" for place in places)
            await postgres.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
        finally:
            await postgres.close()

    def source(self, table: str, **config: Any) -> Source:
        """Return the source of a table."""
        asked = DatabaseConfig.model_validate({"connection": "shop", "table": table, **config})
        site = DatabaseSite(url=self.url, tables=self.tables)
        sites = Sites(databases={"shop": site}, limits=self.limits)
        return open_source("database", config_json(asked), sites)

    def limit(self, **limits: Any) -> None:
        """Change limits of the site."""
        self.limits = Limits.model_validate(limits)

    async def error(self, table: str, **config: Any) -> SourceError:
        """Return the error that ends the reading of a table."""
        with pytest.raises(SourceError) as caught:
            await batches_of(self.source(table, **config))
        return caught.value
