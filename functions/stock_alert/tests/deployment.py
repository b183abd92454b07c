"""The function among real servers: its environment, its tables, and what became of its alerts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.stock_alert import handler
from functions.stock_alert.decisions import State
from functions.stock_alert.states import States
from tools.sns_local.server import SnsLocal
from tools.sqs_local.server import SqsLocal

DEAD_LETTERS = "stock-alert-dead-letters.fifo"
TOPIC = "stock-alerts.fifo"


class Context(LambdaContext):
    """What Lambda hands to a handler."""

    _function_name = "stock_alert"
    _memory_limit_in_mb = 256
    _invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:stock_alert"
    _aws_request_id = "b7a1c1f2-0d7e-4f3c-9d5e-2b8f1c3a4d5e"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        """Return a minute."""
        return 60_000


@dataclass(frozen=True)
class Deployment:
    """One deployment of the function, its tables its own."""

    environment: dict[str, str]
    sns: SnsLocal
    sqs: SqsLocal

    def handle(self, *records: object) -> dict[str, Any]:
        """Call the handler with a batch."""
        answer: dict[str, Any] = handler.handle({"Records": list(records)}, Context())
        return answer

    def restart(self) -> None:
        """Let the next batch read the settings and make the clients anew, as a cold start does."""
        handler.batches.cache_clear()

    def published(self) -> list[str]:
        """Return the ids of the events that were published since the last call, in order."""
        return [event["id"] for event in self.sns.take(TOPIC)]

    def state(self, sku: str) -> State | None:
        """Return what is remembered of a SKU."""
        table = self.environment["STOCK_ALERTS_TABLE"]
        return States(boto3.client("dynamodb"), table=table).read(sku)

    def dead_letters(self) -> list[str]:
        """Take the records that were set aside off their queue, and return them."""
        sqs = boto3.client("sqs")
        url = self.environment["DEAD_LETTERS_QUEUE_URL"]
        taken = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                taken.append(message["Body"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return taken


@contextmanager
def deployed(
    *, dynamodb: str, sns: SnsLocal, sqs: SqsLocal, tables: dict[str, str]
) -> Iterator[Deployment]:
    """Set the environment of the function while the context lasts."""
    environment = {
        "ALERTS_TOPIC_ARN": sns.topic_arn(TOPIC),
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_DYNAMODB": dynamodb,
        "AWS_ENDPOINT_URL_SNS": sns.endpoint,
        "AWS_ENDPOINT_URL_SQS": sqs.endpoint,
        "AWS_SECRET_ACCESS_KEY": "local",
        "DEAD_LETTERS_QUEUE_URL": sqs.queue_url(DEAD_LETTERS),
        "IDEMPOTENCY_TABLE": tables["stock_alerts_idempotency"],
        "LOW_STOCK_THRESHOLD": "10",
        "RECOVERED_THRESHOLD": "20",
        "STOCK_ALERTS_TABLE": tables["stock_alerts"],
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        deployment = Deployment(environment, sns, sqs)
        deployment.restart()
        deployment.published()  # what an earlier test left
        deployment.dead_letters()
        yield deployment
    deployment.restart()
