"""The handler on real servers: streams in, events out, logs and metrics beside."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import sys
from typing import Any, NamedTuple

import boto3
import pytest
from aws_lambda_powertools.metrics.provider import cold_start

from functions.stock_alert import handler
from functions.stock_alert.settings import BadSettingsError
from functions.stock_alert.tests.deployment import TOPIC, Context, Deployment
from functions.stock_alert.tests.stream import (
    THRESHOLDS,
    Step,
    alert_id,
    crossings,
    image,
    record,
    records_of,
)
from libs.contracts.stock_alerts import StockLow
from libs.dynamo import TableSpec
from libs.dynamo.testing import fresh_tables
from tools.lambda_local.sources.checkpoints import Checkpoints
from tools.lambda_local.sources.dynamodb_streams import StreamSource, connect_streams, stream_arn
from tools.lambda_local.sources.stream_batches import StreamMapping

DONE: dict[str, Any] = {"batchItemFailures": []}
INVENTORY = TableSpec(partition_key="sku", stream="NEW_AND_OLD_IMAGES")


class Returned(NamedTuple):
    """What a call that raised nothing gave."""

    payload: Any
    error: None = None


class Here:
    """The function in this process, as an event source calls it."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self.records: list[dict[str, Any]] = []

    async def invoke(self, event: Any) -> Returned:
        """Call the handler."""
        self.records += event["Records"]
        payload = await asyncio.to_thread(self._deployment.handle, *event["Records"])
        return Returned(payload)


async def test_the_stream_of_a_table_becomes_one_event_for_each_crossing(
    servers: dict[str, Any], deployment: Deployment
) -> None:
    levels = {"kettle": [50, 12, 9, 4, 15, 30, 10], "cup": [5, 4, 25, 11, 12]}
    async with (
        fresh_tables(servers["dynamodb"], {"inventory": INVENTORY}) as (_, names),
        connect_streams(servers["dynamodb"]) as streams,
    ):
        dynamodb = boto3.client("dynamodb")
        for sku, units in levels.items():
            for version, on_hand in enumerate(units, start=1):
                dynamodb.put_item(TableName=names["inventory"], Item=image(sku, on_hand, version))
        dynamodb.delete_item(TableName=names["inventory"], Key={"sku": {"S": "kettle"}})
        dynamodb.put_item(TableName=names["inventory"], Item=image("kettle", 3, 1))
        arn = await stream_arn(streams, names["inventory"])
        function = Here(deployment)
        source = StreamSource(
            streams,
            function,
            StreamMapping(stream_arn=arn, batch_size=4),
            checkpoints=Checkpoints(arn),
        )
        task = asyncio.create_task(source.run())
        async with asyncio.timeout(30):
            while len(function.records) < 14:  # noqa: ASYNC110 - a list tells nobody
                await asyncio.sleep(0.05)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    events = [StockLow.model_validate(event) for event in deployment.sns.take(TOPIC)]
    assert [("kettle", 9), ("kettle", 10), ("kettle", 3)] == [
        (event.data.sku, event.data.on_hand) for event in events if event.subject == "kettle"
    ]
    assert [5] == [event.data.on_hand for event in events if event.subject == "cup"]


def test_a_batch_delivered_twice_publishes_once(deployment: Deployment) -> None:
    batch = [record("kettle", 5, number=1), record("kettle", 30, number=2)]
    batch += [record("kettle", 9, number=3), record("cup", 0, number=4, version=1)]
    assert deployment.handle(*batch) == DONE
    assert deployment.handle(*batch) == DONE
    assert deployment.handle(*batch[1:]) == DONE
    published = deployment.published()
    assert sorted(crossings(batch, THRESHOLDS)) == sorted(published)
    assert [alert_id("kettle", 1), alert_id("kettle", 3)] == [
        each for each in published if each.startswith("kettle")
    ]


def test_the_largest_batch_is_done_in_parts(deployment: Deployment) -> None:
    """A hundred crossings of one SKU among 10,000 records, as many as Lambda gives at once."""
    levels = [0 if number % 100 == 0 else 50 for number in range(10_000)]
    batch = records_of([Step("kettle", on_hand) for on_hand in levels])
    assert deployment.handle(*batch) == DONE
    assert crossings(batch, THRESHOLDS) == deployment.published()


def test_a_bad_record_becomes_a_dead_letter_and_the_others_are_done(
    deployment: Deployment,
) -> None:
    # A queue drops what it had before.
    bad = record("cup", number=2) | {"eventVersion": "2.0", "eventID": secrets.token_hex(16)}
    large = record("cup", number=4) | {"eventID": secrets.token_hex(16)}
    large["dynamodb"]["NewImage"]["sku"] = {"S": "x" * 300_000}
    batch = [record("apple", 5, number=1), bad, record("bolt", 5, number=3), large]
    assert deployment.handle(*batch) == DONE
    assert [alert_id("apple", 1), alert_id("bolt", 3)] == deployment.published()
    letters = [json.loads(body) for body in deployment.dead_letters()]
    kept = {letter["record"]["eventID"]: letter for letter in letters}
    assert kept[bad["eventID"]] == {
        "reason": "eventVersion does not begin with 1.",
        "record": bad,
    }
    assert kept[large["eventID"]]["record"]["dynamodb"] == {
        "Keys": large["dynamodb"]["Keys"],
        "SequenceNumber": large["dynamodb"]["SequenceNumber"],
    }


def test_a_dead_topic_fails_the_batch_within_the_functions_time(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", "http://127.0.0.1:9")
    deployment.restart()
    low = record("kettle", 5, number=1)
    assert len(deployment.handle(low)["batchItemFailures"]) == 1
    monkeypatch.undo()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", deployment.environment["AWS_ENDPOINT_URL_SNS"])
    deployment.restart()
    assert deployment.handle(low) == DONE
    assert [alert_id("kettle", 1)] == deployment.published()


def test_logs_and_metrics_tell_what_was_done_and_nothing_of_the_records(
    deployment: Deployment, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The logger keeps the stdout of its import.
    monkeypatch.setattr(handler.logger.registered_handler, "stream", sys.stdout)
    monkeypatch.setattr(cold_start, "is_cold_start", True)
    private = record("someone@example.com", number=2)
    deployment.handle(record("kettle", 5, number=1), private)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    logs = {line["message"]: line for line in lines if "message" in line}
    assert logs["alert published"]["event_id"] == alert_id("kettle", 1)
    assert logs["alert published"]["function_request_id"] == Context._aws_request_id
    assert logs["record set aside"]["reason"].startswith("dynamodb.NewImage: sku")
    metrics = {name: value for line in lines if "_aws" in line for name, value in line.items()}
    assert (metrics["Records"], metrics["AlertsPublished"]) == ([2.0], [1.0])
    assert (metrics["RecordsSetAside"], metrics["ColdStart"]) == ([1.0], [1.0])
    assert "someone" not in json.dumps(lines)


def test_an_event_without_records_is_an_error(deployment: Deployment) -> None:
    with pytest.warns(UserWarning, match="No app"), pytest.raises(KeyError, match="Records"):
        handler.handle({}, Context())


def test_a_bad_setting_is_an_error_that_names_it(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECOVERED_THRESHOLD", "1")
    deployment.restart()
    with pytest.raises(BadSettingsError, match="RECOVERED_THRESHOLD"):
        deployment.handle(record("kettle"))
