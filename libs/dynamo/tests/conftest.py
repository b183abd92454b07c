"""One DynamoDB Local for the whole target."""

from collections.abc import Iterator

import pytest

from libs.dynamo.testing import CREDENTIALS
from tools.dynamodb_local.server import start


@pytest.fixture(scope="session")
def dynamodb() -> Iterator[str]:
    """Address of a running DynamoDB Local, with credentials in the environment."""
    with start() as db, pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        yield db.endpoint
