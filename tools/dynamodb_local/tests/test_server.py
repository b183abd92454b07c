"""DynamoDB Local as the other tests use it: loopback only, started and stopped without a trace."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tools.dynamodb_local import server
from tools.dynamodb_local.server import start
from tools.local_server.process import LocalServer, LocalServerError
from tools.local_server.promises import (
    is_let_go,
    is_listened_on,
    listens_on_loopback_alone,
    port_of_an_orphan,
    refusal,
)


@pytest.fixture(scope="module")
def db() -> Iterator[LocalServer]:
    with start() as running:
        yield running


def client(db: LocalServer) -> Any:
    return boto3.client(
        "dynamodb",
        endpoint_url=db.endpoint,
        region_name="local",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def create_table(db: LocalServer, name: str) -> None:
    client(db).create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_only_loopback_listens_on_one_port(db: LocalServer) -> None:
    assert listens_on_loopback_alone(db.port, db.pid)


def test_a_transaction_is_all_or_none(db: LocalServer) -> None:
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


def test_a_server_without_a_folder_starts_empty(db: LocalServer) -> None:
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
        pytest.raises(LocalServerError, match=r"in use by another DynamoDB Local$"),
        start(data_dir=tmp_path),
    ):
        pass


def test_a_busy_port_is_refused_with_the_option_to_change() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(LocalServerError, match=rf"status 1 .*port {port} .*--port"),
            start(port=port),
        ):
            pass


def test_leaving_the_context_stops_the_server() -> None:
    with start() as db:
        assert is_listened_on(db.port)
    assert not is_running(db.pid)
    assert not is_listened_on(db.port)


def test_an_error_in_the_context_stops_the_server() -> None:
    with pytest.raises(RuntimeError, match="boom"), start() as db:
        raise RuntimeError("boom")
    assert not is_running(db.pid)


def test_a_killed_parent_leaves_no_server() -> None:
    assert is_let_go(port_of_an_orphan("tools.dynamodb_local.server"))


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
    assert message in refusal(server.LAUNCHER, arguments)
