"""Orders are placed, repeated, waited for and closed as planned, and judged by their answers."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict

import pytest
from aiohttp import web

from tools.dev import client
from tools.dev.client import Order
from tools.dev.placing import Outcome, Placed, Plan, place_all, plans
from tools.dev.tests.scripted_service import Handler, order_is, problem, scripted, service

ORDER: Order = {"customer_id": "me", "lines": [{"sku": "mug", "quantity": 1}]}
PLACE = Plan()


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_WAIT_SECONDS", 0.001)
    monkeypatch.setattr(client, "POLL_SECONDS", 0.001)


async def place(handler: Handler, *placed: Plan, concurrency: int = 4) -> Placed:
    async with service(handler) as address:
        return await place_all(
            address,
            [(ORDER, plan) for plan in placed],
            concurrency=concurrency,
            placed=lambda _: None,
        )


async def place_one(*answers: web.Response | None, plan: Plan = PLACE) -> tuple[Outcome, list[str]]:
    """Return the outcome of an order, and the requests made for it."""
    handler, requests = scripted(*answers)
    (outcome,) = (await place(handler, plan)).outcomes
    return outcome, [f"{request.method} {request.path}" for request in requests]


async def test_a_confirmed_order_is_placed_once() -> None:
    outcome, requests = await place_one(order_is("CONFIRMED"))
    assert (outcome.status, outcome.reason, outcome.order_id) == ("confirmed", "", "o1")
    assert outcome.seconds > 0
    assert not outcome.was_pending
    assert requests == ["POST /v1/orders"]


@pytest.mark.parametrize("kind", ["insufficient-stock", "unknown-sku", "reservation-expired"])
async def test_a_rejection_has_a_reason_and_an_order(kind: str) -> None:
    outcome, _ = await place_one(problem(409, kind, order_id="o7"))
    assert (outcome.status, outcome.reason, outcome.order_id) == ("rejected", kind, "o7")


@pytest.mark.parametrize("kind", ["invalid-request", "unknown-sku"])
async def test_any_other_refusal_is_a_failure(kind: str) -> None:
    outcome, requests = await place_one(problem(422, kind))
    assert (outcome.status, outcome.reason) == ("failed", f"422 {kind}")
    assert len(requests) == 1


async def test_a_pending_order_is_followed_to_its_decision() -> None:
    rejected = web.json_response(
        {"order_id": "o1", "status": "REJECTED", "rejection": "insufficient-stock"}
    )
    outcome, requests = await place_one(
        order_is("PENDING"), order_is("PENDING", code=200), rejected
    )
    assert (outcome.status, outcome.reason) == ("rejected", "insufficient-stock")
    assert outcome.was_pending
    assert outcome.settled_seconds is not None
    assert requests == ["POST /v1/orders", "GET /v1/orders/o1", "GET /v1/orders/o1"]


async def test_an_order_that_stays_undecided_is_pending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "SETTLE_SECONDS", 0)
    outcome, _ = await place_one(order_is("PENDING"), order_is("PENDING", code=200))
    assert (outcome.status, outcome.reason) == ("pending", "wait: still PENDING after 0 s")
    assert outcome.settled_seconds is None


async def test_orders_that_wait_hold_up_no_others() -> None:
    """One order is placed at a time, and the first is decided after the last is placed."""
    count = 5
    posted = 0

    async def handle(request: web.Request) -> web.StreamResponse:
        nonlocal posted
        if request.method == "POST":
            posted += 1
            return order_is("PENDING", order_id=f"o{posted}")
        order_id = request.path.rpartition("/")[2]
        return order_is("CONFIRMED" if posted == count else "PENDING", order_id, code=200)

    result = await asyncio.wait_for(place(handle, *[Plan()] * count, concurrency=1), 10)
    assert [outcome.status for outcome in result.outcomes] == ["confirmed"] * count


@pytest.mark.parametrize(
    ("closing", "state", "status"),
    [("ship", "SHIPPED", "shipped"), ("cancel", "CANCELLED", "cancelled")],
)
async def test_a_confirmed_order_is_closed_as_planned(
    closing: str, state: str, status: str
) -> None:
    plan = Plan(closing="ship" if closing == "ship" else "cancel")
    unavailable = problem(503, "processor-unavailable")
    outcome, requests = await place_one(
        order_is("CONFIRMED"), unavailable, order_is(state, code=200), plan=plan
    )
    assert outcome.status == status
    assert requests == ["POST /v1/orders", *[f"POST /v1/orders/o1/{closing}"] * 2]


async def test_a_rejected_order_is_not_closed() -> None:
    outcome, requests = await place_one(problem(409, "unknown-sku"), plan=Plan(closing="ship"))
    assert outcome.status == "rejected"
    assert len(requests) == 1


async def test_an_order_that_may_or_may_not_be_closed_is_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/ship"):
            return problem(503, "processor-unavailable")
        monkeypatch.setattr(client, "PATIENCE_SECONDS", 0)
        return order_is("CONFIRMED")

    (outcome,) = (await place(handle, Plan(closing="ship"))).outcomes
    assert (outcome.status, outcome.reason) == ("failed", "ship: 503 processor-unavailable")


async def test_a_repeat_after_the_answer_has_the_same_key_and_body() -> None:
    handler, requests = scripted(order_is("CONFIRMED"), order_is("CONFIRMED"))
    bodies = []

    async def handle(request: web.Request) -> web.StreamResponse:
        bodies.append(await request.read())
        return await handler(request)

    (outcome,) = (await place(handle, Plan(repeat="after"))).outcomes
    assert outcome.repeat_matched
    assert len({request.headers["Idempotency-Key"] for request in requests}) == 1
    assert bodies == [json.dumps(ORDER).encode()] * 2


async def test_a_repeat_at_once_meets_the_first_request() -> None:
    both = asyncio.Barrier(2)
    handler, requests = scripted(order_is("CONFIRMED"), order_is("CONFIRMED"))

    async def handle(request: web.Request) -> web.StreamResponse:
        await asyncio.wait_for(both.wait(), 10)
        return await handler(request)

    (outcome,) = (await place(handle, Plan(repeat="at once"))).outcomes
    assert outcome.repeat_matched
    assert len({request.headers["Idempotency-Key"] for request in requests}) == 1


@pytest.mark.parametrize(
    "second", [order_is("CONFIRMED", order_id="o2"), order_is("CONFIRMED", code=200)]
)
async def test_a_repeat_with_another_body_or_status_does_not_match(second: web.Response) -> None:
    outcome, _ = await place_one(order_is("CONFIRMED"), second, plan=Plan(repeat="after"))
    assert not outcome.repeat_matched


async def test_a_repeat_without_an_answer_does_not_match(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PATIENCE_SECONDS", 0)
    outcome, _ = await place_one(
        order_is("CONFIRMED"), problem(503, "contention"), plan=Plan(repeat="after")
    )
    assert not outcome.repeat_matched
    assert (outcome.status, outcome.unanswered) == ("confirmed", ["503 contention"])


def test_a_tenth_is_repeated_half_of_it_at_once() -> None:
    made = plans(3000, repeats=0.1)
    assert sum(plan.repeat == "at once" for plan in made) == 150
    assert sum(plan.repeat == "after" for plan in made) == 150
    assert 0.2 < sum(plan.closing == "ship" for plan in made) / 3000 < 0.4
    assert 0.02 < sum(plan.closing == "cancel" for plan in made) / 3000 < 0.08


def test_plans_depend_on_the_seed_alone() -> None:
    assert plans(100, repeats=0.1) == plans(100, repeats=0.1)
    assert plans(100, repeats=0.1) != plans(100, repeats=0.1, seed=2)
    assert all(plan.repeat for plan in plans(10, repeats=1))
    assert not any(plan.repeat for plan in plans(10, repeats=0))


async def test_every_order_has_a_key_of_its_own_and_few_are_under_way() -> None:
    seen: dict[str, int] = defaultdict(int)
    under_way = most = 0

    async def handle(request: web.Request) -> web.StreamResponse:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        seen[request.headers["Idempotency-Key"]] += 1
        await asyncio.sleep(0.005)
        under_way -= 1
        return order_is("CONFIRMED")

    for _ in range(2):
        assert len((await place(handle, *[Plan()] * 30, concurrency=3)).outcomes) == 30
    assert len(seen) == 60
    assert most == 3
