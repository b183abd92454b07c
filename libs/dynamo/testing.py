"""Tables for tests, on a real DynamoDB Local."""

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from pydantic import HttpUrl

from libs.dynamo.client import Dynamo, connect
from libs.dynamo.settings import DynamoSettings
from libs.dynamo.tables import TableSpec, create_tables

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
"""What DynamoDB Local takes: any."""


@asynccontextmanager
async def fresh_tables(
    endpoint: str, tables: Mapping[str, TableSpec]
) -> AsyncIterator[tuple[Dynamo, dict[str, str]]]:
    """Create tables under names of this call's own; yield a connection and default name -> name."""
    suffix = secrets.token_hex(6)
    names = {name: f"{name}-{suffix}" for name in tables}
    async with connect(DynamoSettings(dynamodb_endpoint=HttpUrl(endpoint))) as dynamo:
        await create_tables(dynamo, {names[name]: spec for name, spec in tables.items()})
        yield dynamo, names
