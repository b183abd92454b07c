"""PostgreSQL as the other tests use it: loopback only, crashed and started again, no trace left."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tools.local_server.process import LocalServerError
from tools.local_server.promises import (
    is_let_go,
    is_listened_on,
    listens_on_loopback_alone,
    port_of_an_orphan,
    refusal,
)
from tools.postgres_local.server import PostgresLocal, start


@pytest.fixture(scope="module")
def database() -> Iterator[PostgresLocal]:
    with start() as running:
        yield running


async def execute(database: PostgresLocal, *statements: str) -> Any:
    """Return the last statement's first value."""
    connection = await asyncpg.connect(database.url)
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return await connection.fetchval(statements[-1])
    finally:
        await connection.close()


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_running(pid: int) -> bool:
    try:
        # The third field; a zombie is what nobody has asked about yet.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


def test_only_loopback_listens_on_one_port(database: PostgresLocal) -> None:
    assert listens_on_loopback_alone(database.port, database.pid)


async def test_it_is_postgresql_17_with_utf8_and_utc(database: PostgresLocal) -> None:
    assert 170000 <= int(await execute(database, "SHOW server_version_num")) < 180000
    assert "UTF8" == await execute(database, "SHOW server_encoding")
    assert "UTC" == await execute(database, "SHOW timezone")


async def test_a_server_without_a_folder_starts_empty(database: PostgresLocal) -> None:
    await execute(database, "CREATE TABLE IF NOT EXISTS elsewhere ()", "SELECT 1")
    with start() as other:
        assert await execute(other, "SELECT to_regclass('elsewhere')") is None


async def test_a_crash_keeps_what_is_committed_and_nothing_else() -> None:
    with start() as database:
        await execute(database, "CREATE TABLE kept (n INT)", "INSERT INTO kept VALUES (1)")
        connection = await asyncpg.connect(database.url)
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("INSERT INTO kept VALUES (2)")
        port = database.port
        database.kill()
        with pytest.raises(asyncpg.PostgresConnectionError):
            await connection.execute("COMMIT")
        database.restart()
        assert port == database.port
        assert [1] == await execute(database, "SELECT array_agg(n) FROM kept")


async def test_a_crash_leaves_no_process_not_even_a_busy_one() -> None:
    """A process that only calculates would go on for as long as it has something to do."""
    with start() as database:
        # Should it live on, it is gone a few seconds after the test has failed.
        limits = {"statement_timeout": "5s"}
        connection = await asyncpg.connect(database.url, server_settings=limits)
        busy = "DO $$ BEGIN LOOP END LOOP; END $$"
        query = asyncio.create_task(connection.execute(busy))
        await asyncio.sleep(0.2)
        processes = [database.pid, *children(database.pid)]
        assert len(processes) > 3
        database.kill()
        assert not [pid for pid in processes if is_running(pid)]
        with pytest.raises(asyncpg.PostgresConnectionError):
            await query


async def test_a_restart_keeps_the_data_whoever_is_connected() -> None:
    with start() as database:
        await execute(database, "CREATE TABLE kept AS SELECT 1 AS n", "SELECT 1")
        connection = await asyncpg.connect(database.url)
        before = database.pid
        database.restart()
        assert before != database.pid
        assert 1 == await execute(database, "SELECT n FROM kept")
        connection.terminate()


def test_a_killed_server_keeps_its_port_and_has_no_process() -> None:
    with start() as database:
        database.kill()
        assert not is_listened_on(database.port)
        with socket.socket() as other, pytest.raises(OSError, match="Address already in use"):
            other.bind(("127.0.0.1", database.port))
        with pytest.raises(LocalServerError, match=r"restart\(\)"):
            _ = database.pid
        database.kill()


async def test_tables_outlive_a_restart_in_a_folder(tmp_path: Path) -> None:
    with start(data_dir=tmp_path / "state", synced=True) as database:
        assert "on" == await execute(database, "SHOW fsync")
        await execute(database, "CREATE TABLE kept AS SELECT 1 AS n", "SELECT 1")
    with start(data_dir=tmp_path / "state") as database:
        assert "off" == await execute(database, "SHOW fsync")
        assert 1 == await execute(database, "SELECT n FROM kept")


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    with (
        start(data_dir=tmp_path),
        pytest.raises(LocalServerError, match=r"in use by another PostgreSQL$"),
        start(data_dir=tmp_path),
    ):
        pass


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").touch()
    arguments = ["--data-dir", str(tmp_path)]
    assert f"--data-dir {tmp_path} cannot be made" in refusal(PostgresLocal.program, arguments)
    assert ["letter.txt"] == [path.name for path in tmp_path.iterdir()]


def test_a_busy_port_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LocalServerError, match=rf"port {port} "), start(port=port):
            pass
        message = refusal(PostgresLocal.program, ["--port", str(port)])
        assert f"port {port} on 127.0.0.1 cannot be used" in message
        assert "--port" in message


def test_an_error_in_the_context_stops_the_server() -> None:
    with pytest.raises(RuntimeError, match="boom"), start() as database:
        pid = database.pid
        raise RuntimeError("boom")
    assert not is_running(pid)
    assert not is_listened_on(database.port)


def test_a_killed_program_takes_its_server_along() -> None:
    with start() as database:
        # The fourth field is the parent, the program around the server.
        fields = Path(f"/proc/{database.pid}/stat").read_text().rpartition(") ")[2].split()
        os.kill(int(fields[1]), signal.SIGKILL)
        assert is_let_go(database.port)
        database.restart()
        assert is_listened_on(database.port)


def test_a_killed_parent_leaves_neither_server_nor_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert is_let_go(port_of_an_orphan("tools.postgres_local.server"))
    deadline = time.monotonic() + 10
    while list(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "70000"], "70000 is not a port from 0 to 65535"),
        (["--port", "web"], "web is not a port"),
        (["--port"], "--port"),
        (["--prot", "1"], "unrecognized arguments: --prot"),
        (["--data-dir", "/proc/x"], "--data-dir /proc/x cannot be made"),
    ],
)
def test_a_bad_argument_is_named(arguments: list[str], message: str) -> None:
    assert message in refusal(PostgresLocal.program, arguments)
