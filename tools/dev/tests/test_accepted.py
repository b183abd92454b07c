"""The orders that a service lists are compared with those that were placed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from tools.dev.accepted import listing_faults
from tools.dev.errors import DevError
from tools.dev.placing import Outcome, Status
from tools.dev.tests.scripted_service import problem, service

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def outcome(order_id: str, status: Status = "confirmed") -> Outcome:
    return Outcome({"customer_id": "me"}, "k", status=status, order_id=order_id)


async def faults(listed: list[tuple[str, str]], *outcomes: Outcome) -> list[str]:
    """Compare with a list of (id, state), newest first and two a page; "old" is an older run's."""

    async def handle(request: web.Request) -> web.StreamResponse:
        assert request.query["customer_id"] == "me"
        start = int(request.query.get("cursor", "0"))
        orders = [
            {
                "order_id": order_id,
                "status": state,
                "created_at": (
                    SINCE + timedelta(seconds=-1 if order_id == "old" else 1)
                ).isoformat(),
            }
            for order_id, state in listed[start : start + 2]
        ]
        more = start + 2 < len(listed)
        return web.json_response(
            {"orders": orders, "next_cursor": str(start + 2) if more else None}
        )

    async with service(handle) as address:
        return await listing_faults(address, outcomes, since=SINCE)


async def test_a_list_of_just_the_placed_orders_has_no_faults() -> None:
    listed = [("o3", "REJECTED"), ("o2", "SHIPPED"), ("o1", "CONFIRMED"), ("old", "PENDING")]
    placed = [outcome("o1"), outcome("o2", "shipped"), outcome("o3", "rejected")]
    assert await faults(listed, *placed) == []


async def test_a_second_order_of_a_key_is_named() -> None:
    found = await faults([("o2", "CONFIRMED"), ("o1", "CONFIRMED")], outcome("o1"))
    assert found == ["me: orders that nobody was told of: o2"]


async def test_one_order_for_two_keys_is_named() -> None:
    found = await faults([("o1", "CONFIRMED")], outcome("o1"), outcome("o1"))
    assert found == ["me: two keys got one order"]


async def test_a_lost_or_changed_order_is_named() -> None:
    found = await faults([("o2", "REJECTED")], outcome("o1"), outcome("o2"))
    assert found == [
        "me: order o1 is not listed, was confirmed",
        "me: order o2 is REJECTED, was confirmed",
    ]


async def test_an_unanswered_request_may_have_made_an_order() -> None:
    assert await faults([("o1", "CONFIRMED")], outcome("", "failed")) == []
    assert await faults([], outcome("", "failed")) == []
    assert await faults([("o1", "PENDING"), ("o2", "PENDING")], outcome("", "failed"))


async def test_a_list_that_cannot_be_read_is_an_error() -> None:
    async def handle(_: web.Request) -> web.StreamResponse:
        return problem(400, "bad-cursor")

    async with service(handle) as address:
        with pytest.raises(DevError, match="of me cannot be listed: 400 bad-cursor"):
            await listing_faults(address, [outcome("o1")], since=SINCE)
