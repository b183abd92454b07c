"""One DynamoDB Local and one local SQS for the target; for each test an outbox and a queue."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from libs.dynamo import PARTITIONS, Dynamo
from libs.dynamo.testing import CREDENTIALS, fresh_tables
from libs.outbox import OUTBOX, Event, record
from libs.outbox.tests.gate import Gate
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
def dynamodb(_credentials: None) -> Iterator[str]:
    """Address of a running DynamoDB Local."""
    with dynamodb_local.start() as db:
        yield db.endpoint


@pytest.fixture(scope="session")
def sqs() -> Iterator[SqsLocal]:
    """Return a running local SQS."""
    with sqs_local.start() as running:
        yield running


async def eventually(condition: Callable[[], Awaitable[bool]], seconds: float) -> None:
    """Wait until a condition holds. Raise TimeoutError when it does not in time."""
    async with asyncio.timeout(seconds):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.02)


@dataclass(frozen=True)
class Outbox:
    """A table that a service writes events to."""

    dynamo: Dynamo
    table: str
    endpoint: str

    async def write(self, *events: Event) -> None:
        """Write events, each in a transaction of its own, one after the other."""
        for event in events:
            await self.dynamo.transact([record(event, table=self.table)])

    async def waiting(self) -> list[str]:
        """Return the ids of the events that are in the table."""
        ids = []
        for shard in PARTITIONS:
            page = await self.dynamo.query(
                self.table,
                condition="#shard = :shard",
                names={"#shard": "shard"},
                values={":shard": shard},
                limit=10_000,
                consistent=True,
            )
            ids += [str(item["id"]) for item in page.items]
        return ids

    async def emptied(self, seconds: float = 30) -> None:
        """Wait until the table holds no event."""

        async def is_empty() -> bool:
            return not await self.waiting()

        await eventually(is_empty, seconds)


@pytest.fixture
async def outbox(dynamodb: str) -> AsyncIterator[Outbox]:
    """Return an empty outbox."""
    async with fresh_tables(dynamodb, {"events": OUTBOX}) as (dynamo, names):
        yield Outbox(dynamo, names["events"], dynamodb)


class Queue:
    """A FIFO queue as a consumer sees it, and the gate through which a test lets relays send."""

    def __init__(self, sqs: SqsLocal, gate: Gate) -> None:
        self.name = f"events-{secrets.token_hex(6)}.fifo"
        self.gate = gate
        self._url = sqs.queue_url(self.name)
        self._client: Any = boto3.client("sqs", endpoint_url=sqs.endpoint, region_name="us-east-1")

    def url(self, gate: Gate | None = None) -> str:
        """Return the queue's URL for a relay, which leads through a gate."""
        return sqs_local.queue_url((gate or self.gate).endpoint, self.name)

    async def create(self) -> None:
        """Make the queue."""
        await asyncio.to_thread(
            self._client.create_queue, QueueName=self.name, Attributes={"FifoQueue": "true"}
        )

    async def received(self) -> list[dict[str, Any]]:
        """Take all messages that are there, in the order that they come in."""
        return await asyncio.to_thread(self._receive)

    async def size(self) -> int:
        """Return how many messages there are."""
        answer = await asyncio.to_thread(
            self._client.get_queue_attributes,
            QueueUrl=self._url,
            AttributeNames=["ApproximateNumberOfMessages"],
        )
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])

    async def holds(self, count: int, seconds: float = 30) -> None:
        """Wait until there are at least so many messages."""

        async def is_filled() -> bool:
            return await self.size() >= count

        await eventually(is_filled, seconds)

    def _receive(self) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = []
        while True:
            answer = self._client.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10)
            messages = answer.get("Messages", [])
            if not messages:
                return events
            events += [json.loads(message["Body"]) for message in messages]
            self._client.delete_message_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                    for number, message in enumerate(messages)
                ],
            )


@pytest.fixture
async def queue(sqs: SqsLocal) -> AsyncIterator[Queue]:
    """Return an empty queue behind an open gate."""
    async with Gate.opened(sqs.port) as gate:
        queue = Queue(sqs, gate)
        await queue.create()
        yield queue
