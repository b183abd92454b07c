"""The local SQS as the other tests use it: FIFO queues, loopback only, stopped without a trace."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tools.local_server.process import LocalServerError
from tools.local_server.promises import (
    is_let_go,
    listens_on_loopback_alone,
    port_of_an_orphan,
    refusal,
)
from tools.sqs_local import server
from tools.sqs_local.server import SqsLocal, start


@pytest.fixture(scope="module")
def sqs() -> Iterator[SqsLocal]:
    with start(queues=["order.fifo", "repeats.fifo", "groups.fifo"]) as running:
        yield running


def client(sqs: SqsLocal) -> Any:
    return boto3.client(
        "sqs",
        endpoint_url=sqs.endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def send(sqs: SqsLocal, queue: str, *messages: tuple[str, str]) -> None:
    """Send messages as (group, body) with the body as deduplication id."""
    client(sqs).send_message_batch(
        QueueUrl=sqs.queue_url(queue),
        Entries=[
            {
                "Id": str(number),
                "MessageBody": body,
                "MessageGroupId": group,
                "MessageDeduplicationId": body,
            }
            for number, (group, body) in enumerate(messages)
        ],
    )


def receive(sqs: SqsLocal, queue: str) -> list[str]:
    """Return the bodies of at most ten messages, which stay in flight."""
    answer = client(sqs).receive_message(QueueUrl=sqs.queue_url(queue), MaxNumberOfMessages=10)
    return [message["Body"] for message in answer.get("Messages", [])]


def test_only_loopback_listens_on_one_port(sqs: SqsLocal) -> None:
    assert listens_on_loopback_alone(sqs.port, sqs.pid)


def test_the_urls_of_queues_are_the_servers_own(sqs: SqsLocal) -> None:
    answer = client(sqs).get_queue_url(QueueName="order.fifo")
    assert answer["QueueUrl"] == sqs.queue_url("order.fifo")


def test_messages_of_a_group_come_in_the_order_of_sending(sqs: SqsLocal) -> None:
    send(sqs, "order.fifo", *[("a", f"a{number}") for number in range(5)])
    send(sqs, "order.fifo", *[("a", f"a{number}") for number in range(5, 10)])
    assert receive(sqs, "order.fifo") == [f"a{number}" for number in range(10)]


def test_a_repeated_deduplication_id_is_accepted_and_delivered_once(sqs: SqsLocal) -> None:
    send(sqs, "repeats.fifo", ("a", "once"))
    send(sqs, "repeats.fifo", ("a", "once"), ("a", "twice"))
    assert receive(sqs, "repeats.fifo") == ["once", "twice"]


def test_a_group_with_a_message_in_flight_waits_and_others_do_not(sqs: SqsLocal) -> None:
    send(sqs, "groups.fifo", ("a", "first"))
    assert receive(sqs, "groups.fifo") == ["first"]
    send(sqs, "groups.fifo", ("a", "second"), ("b", "other"))
    assert receive(sqs, "groups.fifo") == ["other"]


def test_a_queue_that_was_not_named_does_not_exist(sqs: SqsLocal) -> None:
    with pytest.raises(client(sqs).exceptions.QueueDoesNotExist):
        send(sqs, "other.fifo", ("a", "b"))


def test_a_fixed_port_is_in_the_urls_of_queues() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with start(port=port, queues=["a.fifo"]) as sqs:
        assert sqs.port == port
        answer = client(sqs).get_queue_url(QueueName="a.fifo")
        assert answer["QueueUrl"] == f"http://127.0.0.1:{port}/000000000000/a.fifo"
    assert is_let_go(port)


def test_a_busy_port_is_refused_with_the_option_to_change() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(LocalServerError, match=rf"status 1 .*port {port} .*--port"),
            start(port=port),
        ):
            pass


def test_a_killed_parent_leaves_no_server() -> None:
    assert is_let_go(port_of_an_orphan("tools.sqs_local.server"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "70000"], "--port 70000 is not a port from 0 to 65535"),
        (["--queue", "events"], "--queue events is not the name of a FIFO queue"),
        (["--queue"], "--queue takes a value"),
        (["--queues", "a.fifo"], "unknown argument '--queues'"),
    ],
)
def test_a_bad_argument_is_named(arguments: list[str], message: str) -> None:
    assert message in refusal(server.LAUNCHER, arguments)
