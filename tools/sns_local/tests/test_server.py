"""The local SNS as the other tests use it: FIFO topics, loopback only, published messages read."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tools.java_server.process import JavaServerError
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


def answers(port: int) -> bool:
    """Tell whether a port is still listened on ten seconds from now, or until it is not."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        time.sleep(0.05)
    return True


def test_only_loopback_listens(sns: SnsLocal) -> None:
    listening = [
        fields[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for fields in map(str.split, Path(table).read_text().splitlines()[1:])
        if fields[3] == "0A" and fields[1].endswith(f":{sns.port:04X}")
    ]
    assert [f"0100007F:{sns.port:04X}"] == listening


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
            pytest.raises(JavaServerError, match=rf"status 1 .*port {port} .*--port"),
            start(port=port),
        ):
            pass


def test_a_killed_parent_leaves_no_server() -> None:
    """SIGKILL runs no `finally`; the end of stdin stops the server."""
    program = "from tools.sns_local.server import start\nimport time\n"
    program += "with start() as sns: print(sns.port, flush=True); time.sleep(60)\n"
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert parent.stdout is not None
    port = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert not answers(port)


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
    finished = subprocess.run(
        [str(server.PROGRAM), *arguments],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert finished.returncode == 1
    assert message in finished.stderr
    assert "Traceback" not in finished.stderr
