"""Run the Lambda functions in their real runtime, fed as Lambda's event source mappings feed them.

    functions --dynamodb URL --sqs URL --sns URL --subscriber-port N --state DIR

`up` runs it. It prints RUNNING when both functions are there, and each invocation's own log lines.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from libs.aws import AwsError
from tools.dev.errors import DevError
from tools.dev.programs import DUMMY_CREDENTIALS, RUNNING
from tools.dev.queues import DEAD_LETTERS, ORDER_EVENTS, STOCK_ALERTS
from tools.lambda_local.runtime import (
    NODE,
    PYTHON,
    Function,
    FunctionError,
    Invocation,
    RunningFunction,
    running,
)
from tools.lambda_local.sources.checkpoints import Checkpoints
from tools.lambda_local.sources.dynamodb_streams import StreamSource, connect_streams, stream_arn
from tools.lambda_local.sources.sqs import SqsMapping, SqsSource
from tools.lambda_local.sources.stream_batches import StreamMapping
from tools.sns_local.topics import REGION, topic_arn
from tools.sqs_local.client import QueueError, connect_queue
from tools.sqs_local.server import ACCOUNT, queue_url

CHECKPOINTS = "inventory-stream.json"
FUNCTIONS = Path(__file__).parent.parent.parent / "functions"
WEBHOOK_SECONDS = 20
# What a batch may take, and some more: until its messages come again should this process be killed.
VISIBILITY_SECONDS = 2 * WEBHOOK_SECONDS
ALERT_SECONDS = 60
# A queue hands out ten messages at a time; instances take batches side by side.
WEBHOOK_INSTANCES = 2
# The emulator's own lines, of which there are three for each invocation.
EMULATOR_LINES = ("START RequestId", "END RequestId", "REPORT RequestId")


@dataclass(frozen=True)
class Places:
    """Where the parts of the local stack are."""

    dynamodb: str
    sqs: str
    sns: str
    subscriber_port: int
    state: Path

    def environment(self) -> dict[str, str]:
        """Return what every function finds: the AWS SDKs' own settings."""
        return DUMMY_CREDENTIALS | {
            "AWS_ENDPOINT_URL_DYNAMODB": self.dynamodb,
            "AWS_ENDPOINT_URL_SNS": self.sns,
            "AWS_ENDPOINT_URL_SQS": self.sqs,
            "AWS_REGION": REGION,
        }


class Shown:
    """A function that prints what it logs."""

    def __init__(self, function: RunningFunction) -> None:
        self._function = function

    async def invoke(self, event: Any) -> Invocation:
        """Invoke it and print its log."""
        invocation = await self._function.invoke(event)
        for line in invocation.log.splitlines():
            if line and not line.startswith(EMULATOR_LINES):
                print(line, flush=True)
        return invocation


def stock_alert(places: Places) -> Function:
    """Return the configuration of stock_alert."""
    return _function(
        "stock_alert",
        "functions.stock_alert.handler.handle",
        PYTHON,
        timeout_seconds=ALERT_SECONDS,
        environment=places.environment()
        | {
            "ALERTS_TOPIC_ARN": topic_arn(STOCK_ALERTS),
            "DEAD_LETTERS_QUEUE_URL": queue_url(places.sqs, DEAD_LETTERS["stock_alert"]),
            "POWERTOOLS_LOG_LEVEL": "WARNING",
        },
    )


def order_webhook(places: Places) -> Function:
    """Return the configuration of order_webhook, which may call this machine's subscriber."""
    return _function(
        "order_webhook",
        "handler.handler",
        NODE,
        timeout_seconds=WEBHOOK_SECONDS,
        environment=places.environment()
        | {
            "ALLOWED_PORTS": str(places.subscriber_port),
            "ALLOWED_PRIVATE_NETWORKS": "127.0.0.0/8",
            "ALLOW_HTTP": "true",
            "DEAD_LETTERS_QUEUE_URL": queue_url(places.sqs, DEAD_LETTERS["order_webhook"]),
            "LOG_LEVEL": "warning",
            "NODE_OPTIONS": "--enable-source-maps",
        },
    )


def _function(
    name: str, handler: str, runtime: str, *, timeout_seconds: int, environment: Mapping[str, str]
) -> Function:
    return Function(
        zip=FUNCTIONS / name / f"{name}.zip",
        handler=handler,
        runtime=runtime,
        environment=environment,
        timeout_seconds=timeout_seconds,
        name=name,
    )


async def run(places: Places) -> None:
    """Run both functions until cancelled.

    Raises:
        DevError: a function cannot be run, or what feeds it does not answer.
    """
    try:
        async with contextlib.AsyncExitStack() as stack, asyncio.TaskGroup() as group:
            group.create_task((await _alerts(places, stack)).run())
            for _ in range(WEBHOOK_INSTANCES):
                group.create_task((await _webhooks(places, stack)).run())
            print(RUNNING, flush=True)
    except* (AwsError, FunctionError, LookupError, QueueError) as errors:
        raise DevError("; ".join(map(str, errors.exceptions))) from errors


async def _alerts(places: Places, stack: contextlib.AsyncExitStack) -> StreamSource:
    streams = await stack.enter_async_context(connect_streams(places.dynamodb))
    arn = await stream_arn(streams, "inventory")
    return StreamSource(
        streams,
        Shown(await stack.enter_async_context(running(stock_alert(places)))),
        StreamMapping(stream_arn=arn, window_seconds=0.2, bisect_on_error=True),
        checkpoints=Checkpoints(arn, places.state / CHECKPOINTS),
        say=_say,
    )


async def _webhooks(places: Places, stack: contextlib.AsyncExitStack) -> SqsSource:
    url = queue_url(places.sqs, ORDER_EVENTS)
    return SqsSource(
        await stack.enter_async_context(connect_queue(url)),
        Shown(await stack.enter_async_context(running(order_webhook(places)))),
        SqsMapping(
            queue_url=url,
            queue_arn=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{ORDER_EVENTS}",
            visibility_seconds=VISIBILITY_SECONDS,
        ),
        say=_say,
    )


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


async def _until_signal(places: Places) -> None:
    work = asyncio.create_task(run(places))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await work


def main() -> None:
    """Run until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="functions", description=(__doc__ or "").splitlines()[0])
    for service in ("dynamodb", "sqs", "sns"):
        parser.add_argument(f"--{service}", required=True, metavar="URL")
    parser.add_argument("--subscriber-port", type=int, required=True, metavar="N")
    parser.add_argument("--state", type=Path, required=True, metavar="DIR")
    try:
        asyncio.run(_until_signal(Places(**vars(parser.parse_args()))))
    except DevError as error:
        sys.exit(f"functions: {error}")


if __name__ == "__main__":
    main()
