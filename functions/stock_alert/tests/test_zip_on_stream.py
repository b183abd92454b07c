"""The function's zip in Lambda's runtime client, fed by a table's stream."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path
from typing import Any

import boto3

from functions.stock_alert.tests.deployment import TOPIC, Deployment
from functions.stock_alert.tests.stream import image
from libs.contracts.stock_alerts import StockLow
from libs.dynamo import TableSpec
from libs.dynamo.testing import fresh_tables
from tools.lambda_local.runtime import PYTHON, Function, running
from tools.lambda_local.sources.checkpoints import Checkpoints
from tools.lambda_local.sources.dynamodb_streams import StreamSource, connect_streams, stream_arn
from tools.lambda_local.sources.stream_batches import StreamMapping

ZIP = Path(os.environ["ZIP"])
HANDLER = "functions.stock_alert.handler.handle"
INVENTORY = TableSpec(partition_key="sku", stream="NEW_AND_OLD_IMAGES")


def function(environment: dict[str, str]) -> Function:
    return Function(
        zip=ZIP, handler=HANDLER, runtime=PYTHON, environment=environment, timeout_seconds=60
    )


async def test_stock_that_runs_low_in_the_table_is_told_by_the_zip(
    servers: dict[str, Any], deployment: Deployment
) -> None:
    async with (
        fresh_tables(servers["dynamodb"], {"inventory": INVENTORY}) as (_, names),
        connect_streams(servers["dynamodb"]) as streams,
        running(function(deployment.environment)) as called,
    ):
        dynamodb = boto3.client("dynamodb")
        for version, on_hand in enumerate([50, 12, 9, 4, 30, 10], start=1):
            dynamodb.put_item(TableName=names["inventory"], Item=image("kettle", on_hand, version))
        arn = await stream_arn(streams, names["inventory"])
        said: list[str] = []
        source = StreamSource(
            streams,
            called,
            StreamMapping(stream_arn=arn),
            checkpoints=Checkpoints(arn),
            say=said.append,
        )
        task = asyncio.create_task(source.run())
        events: list[StockLow] = []
        async with asyncio.timeout(60):
            while len(events) < 2 and not said:
                await asyncio.sleep(0.1)
                events += [StockLow.model_validate(event) for event in deployment.sns.take(TOPIC)]
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert [] == said
    assert [9, 10] == [event.data.on_hand for event in events]


async def test_a_bad_setting_stops_the_cold_start_and_is_named(deployment: Deployment) -> None:
    async with running(function(deployment.environment | {"RECOVERED_THRESHOLD": "1"})) as called:
        result = await called.invoke({"Records": []})
    assert result.error
    assert "RECOVERED_THRESHOLD is 1" in result.error["errorMessage"]
