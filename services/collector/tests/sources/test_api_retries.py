"""When an API is asked again, and how soon."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web

from services.collector.sources import fetching
from services.collector.sources.base import SourceError
from services.collector.tests.sources.collecting_all import batches_of, values_of
from services.collector.tests.sources.web import (
    api,
    serving,
)


class Failing:
    """Answers with statuses, one after another, and then with a record."""

    def __init__(self, statuses: Sequence[int], **headers: str) -> None:
        self._statuses = list(statuses)
        self._headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.times: list[float] = []

    async def __call__(self, _: web.BaseRequest) -> web.StreamResponse:
        self.times.append(time.monotonic())
        if self._statuses:
            return web.Response(status=self._statuses.pop(0), headers=self._headers)
        return web.json_response([{"record_id": "a"}])


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
async def test_a_passing_failure_is_tried_again(status: int) -> None:
    server = Failing([status] * 3)
    async with serving(server) as origin:
        batches = await batches_of(api(origin))

    assert [{"record_id": "a"}] == values_of(batches)


async def test_a_failure_that_lasts_ends_the_attempt_and_not_the_job() -> None:
    server = Failing([503] * 10)
    async with serving(server) as origin:
        with pytest.raises(SourceError, match="it answered 503") as caught:
            await batches_of(api(origin))

    assert ("source-unavailable", False) == (caught.value.kind, caught.value.permanent)
    assert 4 == len(server.times)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 204, 206, 304])
async def test_a_refusal_is_not_tried_again(status: int) -> None:
    server = Failing([status] * 10)
    async with serving(server) as origin:
        with pytest.raises(SourceError, match=f"it answered {status}") as caught:
            await batches_of(api(origin))

    assert ("source-refuses", True) == (caught.value.kind, caught.value.permanent)
    assert 1 == len(server.times)


async def test_a_short_retry_after_is_waited_for() -> None:
    server = Failing([429], Retry_After="1")
    async with serving(server) as origin:
        await batches_of(api(origin))

    assert 1.0 <= server.times[1] - server.times[0] < 10.0


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("600", 600, 600),
        (format_datetime(datetime.now(UTC) + timedelta(seconds=1_000), usegmt=True), 800, 1_000),
        ("9" * 400, 86_400, 86_400),
        ("Sun, 06 Nov 2994 08:49:37 GMT", 86_400, 86_400),
    ],
)
async def test_a_long_retry_after_is_left_to_the_schedule_of_the_job(
    text: str, least: float, most: float
) -> None:
    server = Failing([503] * 10, Retry_After=text)
    async with serving(server) as origin:
        with pytest.raises(SourceError) as caught:
            await batches_of(api(origin))

    assert caught.value.retry_after is not None
    assert least <= caught.value.retry_after <= most
    assert 1 == len(server.times)


@pytest.mark.parametrize("text", ["soon", "-5", "1.5", "\N{ARABIC-INDIC DIGIT FIVE}", "Sun"])
async def test_a_malformed_retry_after_is_passed_over(text: str) -> None:
    server = Failing([503], Retry_After=text)
    async with serving(server) as origin:
        assert values_of(await batches_of(api(origin)))


async def test_pauses_grow_and_are_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[tuple[float, float]] = []

    def drawn(least: float, most: float) -> float:
        pauses.append((least, most))
        return 0.0

    monkeypatch.setattr(fetching, "_FIRST_PAUSE_SECONDS", 0.25)
    monkeypatch.setattr("random.uniform", drawn)
    async with serving(Failing([500] * 10)) as origin:
        with pytest.raises(SourceError):
            await batches_of(api(origin))

    assert [(0, 0.25), (0, 1.0), (0, 4.0)] == pauses


async def test_requests_come_no_faster_than_the_config_says() -> None:
    times: list[float] = []

    async def paged(request: web.BaseRequest) -> web.StreamResponse:
        times.append(time.monotonic())
        number = int(request.query.get("offset", "0"))
        return web.json_response([number] if number < 4 else [])

    paging = {"kind": "offset", "size": 1}
    async with serving(paged) as origin:
        await batches_of(api(origin, paging=paging, requests_per_second=10))

    assert 5 == len(times)
    assert times[-1] - times[0] >= 0.39
