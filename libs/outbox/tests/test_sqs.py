"""What the queue is sent, and what becomes of its answers: a server that says what a test wants.

Whether a real queue understands the requests is what test_relay.py shows.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from libs.aws import connect_aws
from libs.dynamo import Backoff
from libs.outbox.event import MAX_BYTES
from libs.outbox.sqs import SqsPublisher
from libs.outbox.table import Waiting
from libs.outbox.tests.events import event, waiting

type Answer = tuple[int, dict[str, Any]]
type Script = Callable[[list[dict[str, Any]]], Answer]


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")


@pytest.fixture(autouse=True)
def _without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = Backoff(attempts=3, base_seconds=0, cap_seconds=0)
    monkeypatch.setattr("libs.outbox.sqs._BACKOFF", quick)


@asynccontextmanager
async def queue(script: Script) -> AsyncIterator[tuple[SqsPublisher, list[list[dict[str, Any]]]]]:
    """Yield a publisher whose queue answers by `script`, and the entries that it was sent."""
    requests: list[list[dict[str, Any]]] = []

    async def answer(request: web.Request) -> web.Response:
        assert request.headers["X-Amz-Target"] == "AmazonSQS.SendMessageBatch"
        document = await request.json()
        assert document["QueueUrl"] == "http://queue/0/events.fifo"
        requests.append(document["Entries"])
        status, body = script(document["Entries"])
        return web.Response(
            status=status, body=json.dumps(body), content_type="application/x-amz-json-1.0"
        )

    app = web.Application(client_max_size=10**7)
    app.router.add_post("/", answer)
    async with (
        TestServer(app, host="127.0.0.1") as server,
        connect_aws("sqs", region="us-east-1", endpoint=str(server.make_url(""))) as sqs,
    ):
        yield SqsPublisher(sqs, queue_url="http://queue/0/events.fifo"), requests


def accept(entries: list[dict[str, Any]]) -> Answer:
    return 200, {"Successful": [{"Id": entry["Id"], "MessageId": "m"} for entry in entries]}


def events(count: int) -> list[Waiting]:
    return [waiting(event(f"s{number}", 1)) for number in range(count)]


def groups(requests: list[list[dict[str, Any]]]) -> list[list[str]]:
    return [[entry["MessageGroupId"] for entry in entries] for entries in requests]


async def test_a_request_has_ten_messages_of_the_form_that_a_fifo_queue_takes() -> None:
    async with queue(accept) as (publisher, requests):
        outcome = await publisher.publish(events(25))
    assert sorted(len(entries) for entries in requests) == [5, 10, 10]
    assert outcome.accepted == {f"s{number}.1" for number in range(25)}
    first = next(entry for entries in requests for entry in entries if entry["Id"] == "0")
    assert set(first) == {"Id", "MessageBody", "MessageGroupId", "MessageDeduplicationId"}
    body = json.loads(first["MessageBody"])
    assert (body["subject"], body["id"]) == (
        first["MessageGroupId"],
        first["MessageDeduplicationId"],
    )


async def test_a_request_is_no_larger_than_the_queue_takes() -> None:
    large = [waiting(event(f"s{number}", 1, blob="x" * 100_000)) for number in range(5)]
    async with queue(accept) as (publisher, requests):
        outcome = await publisher.publish(large)
    assert sorted(len(entries) for entries in requests) == [1, 2, 2]
    for entries in requests:
        assert sum(len(entry["MessageBody"]) for entry in entries) <= MAX_BYTES
    assert len(outcome.accepted) == 5


async def test_an_event_over_the_limit_is_refused_and_the_others_are_sent() -> None:
    """`record` makes none, but another version may have."""
    large = Waiting(
        id="big.1", subject="big", sequence=1, follows=None, time="t", message="x" * (MAX_BYTES + 1)
    )
    async with queue(accept) as (publisher, requests):
        outcome = await publisher.publish([large, *events(2)])
    assert [refused.id for refused, _ in outcome.refused] == ["big.1"]
    assert outcome.accepted == {"s0.1", "s1.1"}
    assert groups(requests) == [["s0", "s1"]]


async def test_what_failed_alone_is_sent_again_alone() -> None:
    answers: Iterator[Callable[[list[dict[str, Any]]], Answer]] = iter(
        [
            lambda entries: (
                200,
                {
                    "Successful": [{"Id": "0"}, {"Id": "2"}],
                    "Failed": [{"Id": "1", "SenderFault": False, "Code": "InternalError"}],
                },
            ),
            accept,
        ]
    )
    async with queue(lambda entries: next(answers)(entries)) as (publisher, requests):
        outcome = await publisher.publish(events(3))
    assert groups(requests) == [["s0", "s1", "s2"], ["s1"]]
    assert outcome.accepted == {"s0.1", "s1.1", "s2.1"}
    assert outcome.failed == 0


async def test_a_message_that_goes_on_failing_is_left_and_the_queue_is_not_blamed() -> None:
    def fail_second(entries: list[dict[str, Any]]) -> Answer:
        failed = [entry for entry in entries if entry["MessageGroupId"] == "s1"]
        _, body = accept([entry for entry in entries if entry not in failed])
        reasons = [{"Id": entry["Id"], "SenderFault": False, "Code": "X"} for entry in failed]
        return 200, body | {"Failed": reasons}

    async with queue(fail_second) as (publisher, requests):
        outcome = await publisher.publish(events(2))
    assert len(requests) == 3
    assert outcome.accepted == {"s0.1"}
    assert (outcome.refused, outcome.failed, outcome.down) == ([], 1, None)


async def test_a_message_that_is_refused_is_not_sent_again() -> None:
    def refuse(entries: list[dict[str, Any]]) -> Answer:
        _, body = accept(entries[1:])
        fault = {"Id": "0", "SenderFault": True, "Code": "InvalidMessageContents", "Message": "no"}
        return 200, body | {"Failed": [fault]}

    async with queue(refuse) as (publisher, requests):
        outcome = await publisher.publish(events(2))
    assert len(requests) == 1
    [(refused, reason)] = outcome.refused
    assert (refused.id, reason) == ("s0.1", "InvalidMessageContents: no")
    assert outcome.accepted == {"s1.1"}


async def test_a_request_refused_for_one_of_its_messages_is_sent_in_parts() -> None:
    def refuse(entries: list[dict[str, Any]]) -> Answer:
        if any(entry["MessageGroupId"] == "s1" for entry in entries):
            return 400, {"__type": "com.amazonaws.sqs#InvalidMessageContents", "message": "bad"}
        return accept(entries)

    async with queue(refuse) as (publisher, requests):
        outcome = await publisher.publish(events(3))
    assert groups(requests) == [["s0", "s1", "s2"], ["s0"], ["s1"], ["s2"]]
    assert outcome.accepted == {"s0.1", "s2.1"}
    assert [refused.id for refused, _ in outcome.refused] == ["s1.1"]
    assert outcome.down is None


@pytest.mark.parametrize(
    ("status", "code"), [(500, "InternalFailure"), (503, ""), (400, "RequestThrottled")]
)
async def test_a_queue_in_trouble_is_asked_a_few_times(status: int, code: str) -> None:
    answers: Iterator[Callable[[list[dict[str, Any]]], Answer]] = iter(
        [lambda _: (status, {"__type": f"com.amazonaws.sqs#{code}"})] * 2 + [accept]
    )
    async with queue(lambda entries: next(answers)(entries)) as (publisher, requests):
        outcome = await publisher.publish(events(1))
    assert len(requests) == 3
    assert outcome.accepted == {"s0.1"}


async def test_a_queue_that_stays_in_trouble_is_left_alone() -> None:
    async with queue(lambda _: (500, {})) as (publisher, requests):
        outcome = await publisher.publish(events(200))
    assert outcome.down is not None
    assert "does not answer" in outcome.down
    # Requests that were under way at the same time, and none for the rest.
    assert len(requests) <= 4 * 3
    assert outcome.failed <= 4 * 10


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("com.amazonaws.sqs#QueueDoesNotExist", "the queue does not exist: create it, or correct"),
        ("AWS.SimpleQueueService.NonExistentQueue", "the queue does not exist"),
        ("AccessDenied", "the queue refuses: 400 AccessDenied"),
    ],
)
async def test_a_queue_that_refuses_all_is_asked_once(code: str, message: str) -> None:
    async with queue(lambda _: (400, {"__type": code, "message": "m"})) as (publisher, requests):
        outcome = await publisher.publish(events(2))
    assert len(requests) == 1
    assert outcome.down is not None
    assert message in outcome.down
