"""One DynamoDB Local and one local SQS for the target."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from libs.dynamo.testing import CREDENTIALS
from tools.dynamodb_local import server as dynamodb_local
from tools.sqs_local import server as sqs_local
from tools.sqs_local.server import SqsLocal


@pytest.fixture(scope="session", autouse=True)
def _credentials() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def dynamodb() -> Iterator[str]:
    """Address of a running DynamoDB Local."""
    with dynamodb_local.start() as server:
        yield server.endpoint


@pytest.fixture(scope="session")
def sqs() -> Iterator[SqsLocal]:
    """A running SQS."""
    with sqs_local.start() as server:
        yield server
