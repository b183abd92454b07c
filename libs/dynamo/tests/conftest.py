"""One DynamoDB Local for the whole target, and a table of each test's own in it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from libs.dynamo import Dynamo, Index, TableSpec
from libs.dynamo.testing import CREDENTIALS, fresh_tables
from tools.dynamodb_local.server import start

THINGS = TableSpec(
    partition_key="pk",
    indexes=(Index("by_owner", partition_key="owner", sort_key="pk"),),
    ttl_attribute="expires_at",
)


@pytest.fixture(scope="session")
def dynamodb() -> Iterator[str]:
    """Address of a running DynamoDB Local, with credentials in the environment."""
    with start() as db, pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        yield db.endpoint


@pytest.fixture
async def things(dynamodb: str) -> AsyncIterator[tuple[Dynamo, str]]:
    """Return a connection and the name of an empty table."""
    async with fresh_tables(dynamodb, {"things": THINGS}) as (dynamo, names):
        yield dynamo, names["things"]


@pytest.fixture
def spec() -> TableSpec:
    """Return what the table of `things` was made from."""
    return THINGS
