"""Failures that a request asks for, when it may."""

import time
from collections.abc import AsyncIterator

import httpx
import pytest

from libs.service_kit import failure_point
from libs.service_kit.testing import running
from libs.service_kit.tests.asking import client_of, problem_of
from libs.service_kit.tests.sample_app import Settings, build_app

APP = "libs.service_kit.tests.sample_app:app"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client of a sample that obeys failure switches."""
    async with client_of(build_app(Settings(failure_switches=True))) as client:
        yield client


def _ask(switches: str) -> dict[str, str]:
    return {"X-Failure": switches}


async def test_a_chosen_status_is_answered_without_the_handler(client: httpx.AsyncClient) -> None:
    response = await client.get("/crash", headers=_ask("error=503"))
    problem_of(response, 503, "switched-on")


@pytest.mark.parametrize("switch", ["delay=0.1", "delay@before=0.1", "delay@after=0.1"])
async def test_a_delay_waits_and_then_answers(client: httpx.AsyncClient, switch: str) -> None:
    started = time.monotonic()
    response = await client.get("/points", headers=_ask(switch))
    assert (response.status_code, response.json()) == (200, {"done": "all"})
    assert time.monotonic() - started >= 0.1


@pytest.mark.parametrize("point", ["before", "after"])
async def test_an_error_at_a_point_is_a_crash_there(client: httpx.AsyncClient, point: str) -> None:
    response = await client.get("/points", headers=_ask(f"error@{point}"))
    problem_of(response, 500, "internal-error")


async def test_points_that_the_request_does_not_come_to_change_nothing(
    client: httpx.AsyncClient,
) -> None:
    response = await client.get("/points", headers=_ask("error@elsewhere, crash@elsewhere"))
    assert response.status_code == 200


async def test_several_headers_are_one_list(client: httpx.AsyncClient) -> None:
    headers = [("X-Failure", "delay=0"), ("X-Failure", "error=429")]
    response = await client.get("/points", headers=headers)
    problem_of(response, 429, "switched-on")


@pytest.mark.parametrize(
    "switch",
    [
        "nonsense",
        "",
        "delay",
        "delay=",
        "delay=-1",
        "delay=61",
        "delay=1e3",
        "delay=nan",
        "error",
        "error=200",
        "error=999",
        "error=50.3",
        "crash",
        "crash=1",
        "crash@before=1",
        "error@before=503",
        "error@BEFORE",
        "delay@=1",
    ],
)
async def test_a_malformed_switch_is_refused_by_name(
    client: httpx.AsyncClient, switch: str
) -> None:
    response = await client.get("/points", headers=_ask(f"delay=0,{switch}"))
    assert repr(switch) in problem_of(response, 400, "bad-failure-switch")["detail"]


async def test_switches_of_one_request_do_not_reach_the_next(client: httpx.AsyncClient) -> None:
    problem_of(await client.get("/points", headers=_ask("error@after")), 500, "internal-error")
    assert (await client.get("/points")).status_code == 200


async def test_without_the_setting_the_header_is_ignored() -> None:
    async with client_of(build_app(Settings())) as client:
        for switch in ("error=503", "error@before", "nonsense"):
            assert (await client.get("/points", headers=_ask(switch))).status_code == 200


async def test_a_point_outside_of_a_request_does_nothing() -> None:
    await failure_point("before")


@pytest.mark.parametrize(("point", "worked"), [("before", False), ("after", True)])
def test_a_crash_ends_the_process_at_the_point(point: str, worked: bool) -> None:
    with running(APP, FAILURE_SWITCHES="true") as service:
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"{service.url}/points", headers=_ask(f"crash@{point}"))
        code, _ = service.end()
    assert code == 137
    events = [line["event"] for line in service.lines]
    assert "failure_switches_on" in events
    assert worked == ("worked" in events)
