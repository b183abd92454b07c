"""A service is killed once, at the right number, and waited for."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from tools.dev.killing import Kill, Killer
from tools.dev.running import Program, write_programs
from tools.dev.tests.scripted_service import scripted, service


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


async def test_it_is_killed_at_the_order_and_waited_for(
    child: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    handler, requests = scripted(None, web.Response(status=503), web.Response())
    async with service(handler) as address:
        write_programs(tmp_path, {"order_processor": Program.of(child.pid, address)})
        killer = Killer("order_processor", tmp_path, address, after=2, things="orders")
        killer.at(1)
        assert child.poll() is None
        # Who counts in steps may pass over the number.
        killer.at(3)
        killer.at(4)
        kill = await killer.result()
    assert child.wait(10) == -9
    assert (kill.pid, kill.after, kill.refused) == (child.pid, "3 orders", "")
    assert kill.ready_seconds is not None
    assert len(requests) == 3


async def test_a_process_that_cannot_be_found_is_no_reason_to_stop(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    killer = Killer("order_processor", tmp_path, "http://127.0.0.1:1", after=1, things="orders")
    killer.at(1)
    killer.at(2)
    kill = await killer.result()
    assert "no `up` runs with the state folder" in kill.refused
    said = capsys.readouterr().out
    assert said.count("order_processor was not killed: no `up` runs") == 1


async def test_it_can_be_left_alone() -> None:
    killer = Killer("order_processor", None, "http://127.0.0.1:1", after=1, things="orders")
    killer.at(1)
    assert str(await killer.result()) == "order_processor was not killed: as asked for by --no-kill"


def test_one_that_stays_away_is_told_of() -> None:
    sentence = str(Kill("collector", pid=7, after="10 records"))
    assert sentence == (
        "collector (process 7) was killed after 10 records, and was not ready again within 60 s"
    )
