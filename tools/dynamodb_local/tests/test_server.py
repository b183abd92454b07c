"""DynamoDB Local as the other tests use it: loopback only, started and stopped without a trace."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tools.dynamodb_local import server
from tools.dynamodb_local.server import start
from tools.java_server.process import JavaServer, JavaServerError

LISTENING = "0A"  # the state column of /proc/net/tcp
LOOPBACK = (
    "0100007F",  # 127.0.0.1
    "0000000000000000FFFF00000100007F",  # ::ffff:127.0.0.1, how Java writes it
)


@pytest.fixture(scope="module")
def db() -> Iterator[JavaServer]:
    with start() as running:
        yield running


def client(db: JavaServer) -> Any:
    return boto3.client(
        "dynamodb",
        endpoint_url=db.endpoint,
        region_name="local",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def create_table(db: JavaServer, name: str) -> None:
    client(db).create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def listeners(port: int) -> list[str]:
    """Return the local addresses, in hexadecimal, that listen on a port."""
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            address, _, local_port = line.split()[1].rpartition(":")
            if line.split()[3] == LISTENING and int(local_port, 16) == port:
                found.append(address)
    return found


def eventually(condition: Callable[[], bool]) -> bool:
    """Tell whether a condition comes true within ten seconds."""
    deadline = time.monotonic() + 10
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_only_loopback_listens(db: JavaServer) -> None:
    addresses = listeners(db.port)
    assert addresses
    assert set(addresses) <= set(LOOPBACK)


def test_the_server_opens_no_other_port(db: JavaServer) -> None:
    """A socket of the process is one of the inodes in its file descriptors."""
    inodes = set()
    for descriptor in Path(f"/proc/{db.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed since it was listed
            inodes.add(str(descriptor.readlink()))
    ports = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING and f"socket:[{fields[9]}]" in inodes:
                ports.add(int(fields[1].rpartition(":")[2], 16))
    assert ports == {db.port}


def test_a_transaction_is_all_or_none(db: JavaServer) -> None:
    """The native SQLite library is found, and conditions are evaluated."""
    create_table(db, "transactions")
    dynamodb = client(db)
    put = {"TableName": "transactions", "ConditionExpression": "attribute_not_exists(id)"}
    dynamodb.transact_write_items(TransactItems=[{"Put": {**put, "Item": {"id": {"S": "a"}}}}])
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as refused:
        dynamodb.transact_write_items(
            TransactItems=[
                {"Put": {**put, "Item": {"id": {"S": "b"}}}},
                {"Put": {**put, "Item": {"id": {"S": "a"}}}},
            ]
        )
    reasons = [reason["Code"] for reason in refused.value.response["CancellationReasons"]]
    assert reasons == ["None", "ConditionalCheckFailed"]
    assert dynamodb.scan(TableName="transactions")["Count"] == 1


def test_a_server_without_a_folder_starts_empty(db: JavaServer) -> None:
    create_table(db, "elsewhere")
    with start() as other:
        assert client(other).list_tables()["TableNames"] == []


def test_tables_outlive_a_restart_in_a_folder(tmp_path: Path) -> None:
    with start(data_dir=tmp_path / "state") as db:
        create_table(db, "kept")
        client(db).put_item(TableName="kept", Item={"id": {"S": "a"}})
    with start(data_dir=tmp_path / "state") as db:
        assert client(db).get_item(TableName="kept", Key={"id": {"S": "a"}})["Item"]


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    with (
        start(data_dir=tmp_path),
        pytest.raises(JavaServerError, match=r"in use by another DynamoDB Local$"),
        start(data_dir=tmp_path),
    ):
        pass


def test_a_busy_port_is_refused_with_the_option_to_change() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(JavaServerError, match=rf"status 1 .*port {port} .*--port"),
            start(port=port),
        ):
            pass


def test_leaving_the_context_stops_the_server() -> None:
    with start() as db:
        assert listeners(db.port)
    assert not is_running(db.pid)
    assert not listeners(db.port)


def test_an_error_in_the_context_stops_the_server() -> None:
    with pytest.raises(RuntimeError, match="boom"), start() as db:
        raise RuntimeError("boom")
    assert not is_running(db.pid)


def test_a_killed_parent_leaves_no_server() -> None:
    """SIGKILL runs no `finally`; the end of stdin stops the server."""
    program = "from tools.dynamodb_local.server import start\nimport time\n"
    program += "with start() as db: print(db.port, flush=True); time.sleep(60)\n"
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
    assert eventually(lambda: not listeners(port))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "70000"], "--port 70000 is not a port from 0 to 65535"),
        (["--port", "web"], "--port web is not a port"),
        (["--port"], "--port takes a value"),
        (["--prot", "1"], "unknown argument '--prot'"),
        (["--data-dir", "/proc/x"], "--data-dir /proc/x cannot be made"),
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
