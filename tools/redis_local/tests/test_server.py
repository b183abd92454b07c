"""Redis as the other tests use it: loopback only, crashed and started again, no trace left."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import coredis
import coredis.exceptions
import pytest

from tools.local_server.process import LocalServerError
from tools.local_server.promises import (
    is_let_go,
    is_listened_on,
    listens_on_loopback_alone,
    port_of_an_orphan,
    refusal,
)
from tools.redis_local.server import RedisLocal, start


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisLocal]:
    with start() as running:
        yield running


@contextlib.asynccontextmanager
async def client(redis: RedisLocal) -> AsyncIterator[coredis.Redis[str]]:
    async with coredis.Redis.from_url(redis.url, decode_responses=True) as connected:
        yield connected


def test_only_loopback_listens_on_one_port(redis: RedisLocal) -> None:
    assert listens_on_loopback_alone(redis.port, redis.pid)


async def test_scripts_and_streams_work_as_job_queues_need_them(redis: RedisLocal) -> None:
    async with client(redis) as connected:
        script = "return cjson.encode({redis.call('XADD', KEYS[1], '1-1', 'job', ARGV[1])})"
        assert '["1-1"]' == await connected.eval(script, keys=["stream"], args=["a"])


async def test_a_server_without_a_folder_starts_empty(redis: RedisLocal) -> None:
    async with client(redis) as connected:
        await connected.set("elsewhere", "1")
    with start() as other:
        async with client(other) as connected:
            assert 0 == await connected.dbsize()


async def test_a_crash_and_a_restart_keep_every_answered_command() -> None:
    with start() as redis:
        port = redis.port
        async with client(redis) as connected:
            for number in range(100):
                await connected.rpush("numbers", [str(number)])
        redis.kill()
        assert not is_listened_on(port)
        redis.restart()
        before = redis.pid
        redis.restart()
        assert before != redis.pid
        assert port == redis.port
        async with client(redis) as connected:
            assert [str(n) for n in range(100)] == await connected.lrange("numbers", 0, -1)


def test_a_killed_server_keeps_its_port_and_has_no_process() -> None:
    with start() as redis:
        redis.kill()
        with socket.socket() as other, pytest.raises(OSError, match="Address already in use"):
            other.bind(("127.0.0.1", redis.port))
        with pytest.raises(LocalServerError, match=r"restart\(\)"):
            _ = redis.pid
        redis.kill()


async def test_data_outlive_a_restart_in_a_folder(tmp_path: Path) -> None:
    with start(data_dir=tmp_path / "state", synced=True) as redis:
        async with client(redis) as connected:
            assert {"appendfsync": "always"} == await connected.config_get(["appendfsync"])
            await connected.set("kept", "1")
    with start(data_dir=tmp_path / "state") as redis:
        async with client(redis) as connected:
            assert {"appendfsync": "no"} == await connected.config_get(["appendfsync"])
            assert "1" == await connected.get("kept")


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    with (
        start(data_dir=tmp_path),
        pytest.raises(LocalServerError, match=r"in use by another Redis$"),
        start(data_dir=tmp_path),
    ):
        pass


def test_a_busy_port_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LocalServerError, match=rf"port {port} "), start(port=port):
            pass
        message = refusal(RedisLocal.program, ["--port", str(port)])
        assert f"port {port} on 127.0.0.1 cannot be used" in message
        assert "--port" in message


def test_an_error_in_the_context_stops_the_server() -> None:
    with pytest.raises(RuntimeError, match="boom"), start() as redis:
        raise RuntimeError("boom")
    assert not is_listened_on(redis.port)


def test_a_killed_parent_leaves_neither_server_nor_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert is_let_go(port_of_an_orphan("tools.redis_local.server"))
    deadline = time.monotonic() + 10
    while list(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "70000"], "70000 is not a port from 0 to 65535"),
        (["--port"], "--port"),
        (["--prot", "1"], "unrecognized arguments: --prot"),
        (["--data-dir", "/proc/x"], "--data-dir /proc/x cannot be made"),
    ],
)
def test_a_bad_argument_is_named(arguments: list[str], message: str) -> None:
    assert message in refusal(RedisLocal.program, arguments)
