"""Jobs are triggered, followed past a killed collector, and fetched when they succeeded."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tools.dev import client as client_module
from tools.dev.client import Client
from tools.dev.errors import DevError
from tools.dev.reorder import collecting
from tools.dev.reorder.collecting import Collected, collect
from tools.dev.reorder.jobs import Collection, collections
from tools.dev.tests.scripted_service import problem, service

TILLS = Collection("tills", "database", {"table": "receipts"})
BRANCH = Collection("branch", "file", {"path": "branch.csv"})
TIMES = {"created_at": "2026-01-01T00:00:00Z", "finished_at": "2026-01-01T00:00:01.5Z"}


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "FIRST_WAIT_SECONDS", 0.001)
    monkeypatch.setattr(collecting, "POLL_SECONDS", 0.001)


class Collector:
    """Its jobs take three looks each, and at the second look it is not there."""

    def __init__(self, ended: str = "succeeded") -> None:
        self.triggers: list[Any] = []
        self._ended = ended
        self._looks: dict[str, int] = {}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        what, _, name = request.path.removeprefix("/api/v1/jobs/").partition("/")
        if what == "trigger":
            self.triggers.append((await request.json(), request.headers["Idempotency-Key"]))
            return web.json_response({"job_id": f"job-{len(self.triggers)}"}, status=202)
        if name.endswith("/download"):
            return web.Response(body=b'{"record_id":"b"}\n{"record_id":"a"}\n')
        if what == "result":
            return web.json_response({"rejects": [{"position": "line 3"}]})
        self._looks[name] = look = self._looks.get(name, 0) + 1
        if look == 2:
            assert request.transport is not None
            request.transport.close()
        job = {"job_id": name, "stored": min(look, 3), "rejected": 1, **TIMES}
        return web.json_response({**job, "status": self._ended if look > 2 else "running"})


async def run(collector: Collector) -> tuple[list[Collected], list[int]]:
    told: list[int] = []
    async with service(collector.handle) as address, aiohttp.ClientSession(address) as session:
        collected = await collect(Client(session), [TILLS, BRANCH], stored=told.append)
    return collected, told


async def test_jobs_are_followed_to_their_end_and_fetched() -> None:
    collector = Collector()
    (tills, branch), told = await run(collector)
    assert [trigger for trigger, _ in collector.triggers] == [TILLS.trigger, BRANCH.trigger]
    assert len({key for _, key in collector.triggers}) == 2
    assert told == [1, 3]
    assert (tills.source, branch.source) == ("tills", "branch")
    assert tills.record_ids == ["a", "b"]
    assert tills.rejects == [{"position": "line 3"}]
    assert tills.seconds == 1.5
    assert all(part in tills.said for part in ('"job-1"', '{"record_id":"b"}', "line 3"))


async def test_a_job_that_fails_is_shown() -> None:
    with pytest.raises(DevError, match=r"tills was not collected: .*'status': 'dead'"):
        await run(Collector(ended="dead"))


async def test_jobs_without_end_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "PATIENCE_SECONDS", 0)
    with pytest.raises(DevError, match="jobs are still under way after 0 s"):
        await run(Collector(ended="running"))


async def test_a_refused_job_is_shown() -> None:
    async def handle(_: web.Request) -> web.StreamResponse:
        return problem(422, "source-refused")

    async with service(handle) as address, aiohttp.ClientSession(address) as session:
        with pytest.raises(DevError, match="collector answers 422 source-refused for tills"):
            await collect(Client(session), [TILLS], stored=lambda _: None)


def test_there_is_a_job_for_each_type_of_source_and_none_holds_a_secret() -> None:
    jobs = collections("http://127.0.0.1:8086")
    assert [job.source_type for job in jobs] == ["api", "database", "file"]
    assert jobs[0].config["url"] == "http://127.0.0.1:8086/api/orders"
    assert jobs[0].config["auth"] == {"secret": "webshop-token"}
