"""The local SQS as the other tests use it: FIFO queues, loopback only, stopped without a trace."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tools.java_server.process import JavaServerError
from tools.sqs_local import server
from tools.sqs_local.server import SqsLocal, start

LISTENING = "0A"  # the state column of /proc/net/tcp
LOOPBACK = (
    "0100007F",  # 127.0.0.1
    "0000000000000000FFFF00000100007F",  # ::ffff:127.0.0.1, how Java writes it
)


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


def listeners(port: int) -> list[tuple[str, str]]:
    """Return the local addresses, in hexadecimal, that listen on a port, with their inodes."""
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            address, _, local_port = fields[1].rpartition(":")
            if fields[3] == LISTENING and port in (0, int(local_port, 16)):
                found.append((address, fields[9]))
    return found


def gone(port: int) -> bool:
    """Tell whether a port stops being listened on within ten seconds."""
    deadline = time.monotonic() + 10
    while listeners(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_only_loopback_listens_on_one_port(sqs: SqsLocal) -> None:
    sockets = set()
    for descriptor in Path(f"/proc/{sqs.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed since it was listed
            sockets.add(str(descriptor.readlink()))
    all_ports = 0
    own = [address for address, inode in listeners(all_ports) if f"socket:[{inode}]" in sockets]
    assert [address for address, _ in listeners(sqs.port)] == own
    assert len(own) == 1
    assert set(own) <= set(LOOPBACK)


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
    assert gone(port)


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
    program = "from tools.sqs_local.server import start\nimport time\n"
    program += "with start() as sqs: print(sqs.port, flush=True); time.sleep(60)\n"
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
    assert gone(port)


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
    finished = subprocess.run(
        [str(server.LAUNCHER), *arguments],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert finished.returncode == 1
    assert message in finished.stderr
    assert "\tat " not in finished.stderr  # no stack trace
