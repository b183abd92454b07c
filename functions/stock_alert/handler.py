"""The Lambda function: batches of the inventory table's stream in, alerts on low stock out."""

from __future__ import annotations

import functools
import os
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.stock_alert.batches import Batches, answer
from functions.stock_alert.clients import dynamodb_client, sns_client, sqs_client
from functions.stock_alert.dead_letters import DeadLetters
from functions.stock_alert.decisions import Thresholds
from functions.stock_alert.publishing import Publisher
from functions.stock_alert.reports import LogsAndMetrics
from functions.stock_alert.settings import read_settings
from functions.stock_alert.states import States

SERVICE = "stock_alert"
# For one more SKU, even when two of its calls take as long as they may: what Lambda's time-out ends
# is a failure of the whole batch.
NEEDED_MILLISECONDS = 20_000

logger = Logger(service=SERVICE)
metrics = Metrics(namespace="Granary", service=SERVICE)


@functools.cache
def batches() -> Batches:
    """Return what does the work, made once. Raise BadSettingsError."""
    settings = read_settings(os.environ)
    dynamodb = dynamodb_client()
    store = DynamoDBPersistenceLayer(table_name=settings.idempotency_table, boto3_client=dynamodb)
    return Batches(
        thresholds=Thresholds(
            low=settings.low_stock_threshold, recovered=settings.recovered_threshold
        ),
        states=States(dynamodb, table=settings.stock_alerts_table),
        publisher=Publisher(sns_client(), topic_arn=settings.alerts_topic_arn, store=store),
        dead_letters=DeadLetters(sqs_client, queue_url=settings.dead_letters_queue_url),
        reports=LogsAndMetrics(logger, metrics),
    )


@logger.inject_lambda_context
@metrics.log_metrics(capture_cold_start_metric=True)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer a batch of stream records as ReportBatchItemFailures has it."""
    records = event["Records"]
    try:
        lowest_failed = batches().process(
            records,
            time_left=lambda: context.get_remaining_time_in_millis() >= NEEDED_MILLISECONDS,
        )
    finally:
        # Last: Powertools writes metrics out after a hundred, and warns when none follow.
        metrics.add_metric(name="Records", unit=MetricUnit.Count, value=len(records))
    return answer(lowest_failed)


# In Lambda a bad setting stops the cold start, and the clients of every batch are made then;
# importing the module elsewhere needs no settings.
if "AWS_LAMBDA_RUNTIME_API" in os.environ:
    batches()
