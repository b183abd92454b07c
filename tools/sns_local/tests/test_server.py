"""The local SNS as the other tests use it: FIFO topics, loopback only, published messages read."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tools.local_server.process import LocalServerError
from tools.local_server.promises import (
    is_let_go,
    listens_on_loopback_alone,
    port_of_an_orphan,
    refusal,
)
from tools.sns_local import server, topics
from tools.sns_local.server import SnsLocal, start


@pytest.fixture(scope="module")
def sns() -> Iterator[SnsLocal]:
    with start(topics=["alerts.fifo", "repeats.fifo", "groups.fifo"]) as running:
        yield running


def publish(sns: SnsLocal, topic: str, *, group: str, number: int) -> None:
    """Publish a number, which is also the deduplication id."""
    topics.sns_client(sns.endpoint).publish(
        TopicArn=sns.topic_arn(topic),
        Message=json.dumps({"number": number}),
        MessageGroupId=group,
        MessageDeduplicationId=str(number),
    )


def numbers(taken: list[dict[str, Any]]) -> list[int]:
    return [message["number"] for message in taken]


def test_only_loopback_listens_on_one_port(sns: SnsLocal) -> None:
    assert listens_on_loopback_alone(sns.port, sns.pid)


def test_published_messages_are_taken_once_and_in_order(sns: SnsLocal) -> None:
    for number in range(25):
        publish(sns, "alerts.fifo", group="a", number=number)
    assert list(range(25)) == numbers(sns.take("alerts.fifo"))
    assert [] == sns.take("alerts.fifo")


def test_a_repeated_deduplication_id_is_accepted_and_delivered_once(sns: SnsLocal) -> None:
    for number in (1, 1, 2):
        publish(sns, "repeats.fifo", group="a", number=number)
    assert [1, 2] == numbers(sns.take("repeats.fifo"))


def test_groups_do_not_wait_for_each_other(sns: SnsLocal) -> None:
    for number, group in enumerate("abab"):
        publish(sns, "groups.fifo", group=group, number=number)
    taken = numbers(sns.take("groups.fifo"))
    assert [0, 2] == [number for number in taken if number % 2 == 0]
    assert [1, 3] == [number for number in taken if number % 2 == 1]


def test_a_topic_that_was_not_named_does_not_exist(sns: SnsLocal) -> None:
    with pytest.raises(ClientError, match="NotFound"):
        publish(sns, "other.fifo", group="a", number=1)


def test_a_busy_port_is_refused_with_the_option_to_change() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(LocalServerError, match=rf"status 1 .*port {port} .*--port"),
            start(port=port),
        ):
            pass


def test_a_killed_parent_leaves_no_server() -> None:
    assert is_let_go(port_of_an_orphan("tools.sns_local.server"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "70000"], "70000 is not a port from 0 to 65535"),
        (["--topic", "alerts"], "alerts is not the name of a FIFO topic"),
        (["--topic"], "--topic"),
        (["--topics", "a.fifo"], "unrecognized arguments: --topics"),
    ],
)
def test_a_bad_argument_is_named(arguments: list[str], message: str) -> None:
    assert message in refusal(server.PROGRAM, arguments)
