"""One of each server for the target, and a deployment of each test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from functions.stock_alert.tables import TABLES
from functions.stock_alert.tests.deployment import DEAD_LETTERS, TOPIC, Deployment, deployed
from libs.dynamo.testing import CREDENTIALS, fresh_tables
from tools.dynamodb_local import server as dynamodb_local
from tools.sns_local import server as sns_local
from tools.sqs_local import server as sqs_local


@pytest.fixture(scope="session")
def servers() -> Iterator[dict[str, Any]]:
    """Running DynamoDB, SNS and SQS."""
    with (
        dynamodb_local.start() as dynamodb,
        sns_local.start(topics=[TOPIC]) as sns,
        sqs_local.start(queues=[DEAD_LETTERS]) as sqs,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        yield {"dynamodb": dynamodb.endpoint, "sns": sns, "sqs": sqs}


@pytest.fixture
async def deployment(servers: dict[str, Any]) -> AsyncIterator[Deployment]:
    """The function with tables of its own."""
    async with fresh_tables(servers["dynamodb"], TABLES) as (_, names):
        with deployed(**servers, tables=names) as deployment:
            yield deployment
