"""A queue's messages for a function, on the local SQS."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import boto3
import pytest

from tools.lambda_local.sources.sqs import SqsMapping, SqsSource, record
from tools.lambda_local.sources.tests.scripted import CRASH, Answer, Scripted, reporting
from tools.sqs_local.client import QueueError, connect_queue
from tools.sqs_local.server import SqsLocal

VISIBILITY_SECONDS = 1


class Fifo:
    """A FIFO queue of a test's own, with the queue of its dead letters."""

    def __init__(self, sqs: SqsLocal, *, most_receives: int = 3) -> None:
        self._client = _client(sqs)
        name = secrets.token_hex(6)
        fifo = {"FifoQueue": "true"}
        self.dead_url: str = self._client.create_queue(
            QueueName=f"{name}-dead.fifo", Attributes=fifo
        )["QueueUrl"]
        dead = self._client.get_queue_attributes(QueueUrl=self.dead_url, AttributeNames=["All"])
        redrive = {
            "deadLetterTargetArn": dead["Attributes"]["QueueArn"],
            "maxReceiveCount": str(most_receives),
        }
        self.url: str = self._client.create_queue(
            QueueName=f"{name}.fifo",
            Attributes=fifo
            | {
                "RedrivePolicy": json.dumps(redrive),
                "VisibilityTimeout": str(VISIBILITY_SECONDS),
            },
        )["QueueUrl"]
        self.arn = f"arn:aws:sqs:us-east-1:000000000000:{name}.fifo"

    def send(self, *bodies: str) -> None:
        """Send messages whose group is their first letter."""
        for body in bodies:
            self._client.send_message(
                QueueUrl=self.url,
                MessageBody=body,
                MessageGroupId=body[0],
                MessageDeduplicationId=body,
            )

    def left(self) -> int:
        """Return the number of messages, in flight or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self._client.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])
        return sum(int(answer["Attributes"][name]) for name in names)

    def dead(self) -> list[str]:
        """Return the dead letters."""
        answer = self._client.receive_message(QueueUrl=self.dead_url, MaxNumberOfMessages=10)
        return [message["Body"] for message in answer.get("Messages", [])]


def _client(sqs: SqsLocal) -> Any:
    return boto3.client("sqs", endpoint_url=sqs.endpoint, region_name="us-east-1")


@pytest.fixture
def fifo(sqs: SqsLocal) -> Fifo:
    return Fifo(sqs)


@asynccontextmanager
async def polling(fifo: Fifo, function: Scripted, **settings: Any) -> AsyncIterator[list[str]]:
    """Poll while the context lasts; yield what the source says."""
    said: list[str] = []
    mapping = SqsMapping(queue_url=fifo.url, queue_arn=fifo.arn, **settings)
    async with connect_queue(fifo.url) as queue:
        task = asyncio.create_task(SqsSource(queue, function, mapping, say=said.append).run())
        try:
            yield said
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - a queue tells nobody
            await asyncio.sleep(0.05)


def bodies(records: list[dict[str, Any]]) -> list[str]:
    return [record["body"] for record in records]


def ids_of(records: list[dict[str, Any]], *wanted: str) -> list[str]:
    return [record["messageId"] for record in records if record["body"] in wanted]


async def test_messages_come_as_lambda_words_them_and_are_deleted(fifo: Fifo) -> None:
    fifo.send("a1")
    function = Scripted()
    async with polling(fifo, function):
        await until(lambda: bool(function.calls) and fifo.left() == 0)
    ((message,),) = function.calls
    assert message["body"] == "a1"
    assert message["eventSource"] == "aws:sqs"
    assert (message["eventSourceARN"], message["awsRegion"]) == (fifo.arn, "us-east-1")
    assert message["attributes"]["ApproximateReceiveCount"] == "1"
    assert message["attributes"]["MessageGroupId"] == "a"
    assert message["attributes"]["MessageDeduplicationId"] == "a1"
    assert message["attributes"]["SentTimestamp"].isdecimal()
    assert message.keys() == {
        "attributes",
        "awsRegion",
        "body",
        "eventSource",
        "eventSourceARN",
        "md5OfBody",
        "messageAttributes",
        "messageId",
        "receiptHandle",
    }


def test_message_attributes_are_worded_as_lambda_does() -> None:
    message = {
        "MessageId": "1",
        "ReceiptHandle": "r",
        "Body": "b",
        "MD5OfBody": "m",
        "MessageAttributes": {"kind": {"DataType": "String", "StringValue": "x"}},
    }
    expected = {
        "dataType": "String",
        "stringValue": "x",
        "stringListValues": [],
        "binaryListValues": [],
    }
    attributes = record(message, "arn:aws:sqs:us-east-1:000000000000:q")["messageAttributes"]
    assert attributes == {"kind": expected}


async def test_the_reported_messages_come_again_in_their_order(fifo: Fifo) -> None:
    fifo.send("a1", "a2", "a3", "b1")
    answered: list[list[str]] = []

    def decide(records: list[dict[str, Any]]) -> Answer:
        answered.append(bodies(records))
        failed = ("a2", "a3") if len(answered) == 1 else ()
        return reporting(*ids_of(records, *failed))

    function = Scripted(decide)
    async with polling(fifo, function, concurrency=2) as said:
        await until(lambda: len(answered) > 1 and fifo.left() == 0)
    delivered = [body for call in answered for body in call if body[0] == "a"]
    assert ["a1", "a2", "a3", "a2", "a3"] == delivered
    assert "2 of " in said[0]
    again = [r for call in function.calls for r in call if r["body"] == "a2"][-1]
    assert again["attributes"]["ApproximateReceiveCount"] == "2"


async def test_a_group_in_flight_waits_and_others_go_on(fifo: Fifo) -> None:
    fifo.send("a1")
    release = asyncio.Event()

    class Slow(Scripted):
        async def invoke(self, event: Any) -> Answer:
            answer = await super().invoke(event)
            if bodies(event["Records"]) == ["a1"]:
                await release.wait()
            return answer

    function = Slow()
    async with polling(fifo, function, concurrency=2, visibility_seconds=30):
        await function.until(lambda: len(function.calls) == 1)
        fifo.send("a2", "b1")
        await function.until(lambda: len(function.calls) == 2)
        assert [["a1"], ["b1"]] == [bodies(call) for call in function.calls]
        release.set()
        await function.until(lambda: len(function.calls) == 3)
    assert ["a2"] == bodies(function.calls[2])


async def test_a_crash_brings_the_whole_batch_again(fifo: Fifo) -> None:
    fifo.send("a1", "a2")
    answers = iter([CRASH])
    function = Scripted(lambda _: next(answers, Answer()))
    async with polling(fifo, function) as said:
        await until(lambda: len(function.calls) > 1 and fifo.left() == 0)
    assert [["a1", "a2"], ["a1", "a2"]] == [bodies(call) for call in function.calls]
    assert "Runtime.ExitError" in said[0]


async def test_what_fails_too_often_becomes_a_dead_letter_and_blocks_its_group_no_more(
    fifo: Fifo,
) -> None:
    fifo.send("a1", "a2")
    function = Scripted(lambda records: reporting(*ids_of(records, "a1")))
    async with polling(fifo, function, batch_size=1):
        await until(lambda: ["a2"] in [bodies(call) for call in function.calls])
        await until(lambda: fifo.left() == 0)
    assert [["a1"]] * 3 + [["a2"]] == [bodies(call) for call in function.calls]
    assert ["a1"] == fifo.dead()


async def test_a_queue_that_does_not_answer_is_said_and_asked_again(fifo: Fifo) -> None:
    async with connect_queue("http://127.0.0.1:9/000000000000/gone.fifo") as queue:
        with pytest.raises(QueueError, match=r"gone\.fifo"):
            await queue.receive()
        said: list[str] = []
        mapping = SqsMapping(queue_url="unused", queue_arn=fifo.arn)
        task = asyncio.create_task(SqsSource(queue, Scripted(), mapping, say=said.append).run())
        await until(lambda: len(said) > 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 11}, "batch_size 11 is not from 1 to 10"),
        ({"window_seconds": 1}, "FIFO"),
        ({"concurrency": 0}, "concurrency 0"),
        ({"queue_arn": "arn:aws:sqs:us-east-1:1:standard", "batch_size": 11}, "window_seconds"),
    ],
)
def test_a_bad_setting_is_refused(settings: dict[str, Any], message: str) -> None:
    given = {"queue_url": "u", "queue_arn": "arn:aws:sqs:us-east-1:1:q.fifo"} | settings
    with pytest.raises(ValueError, match=message):
        SqsMapping(**given)
