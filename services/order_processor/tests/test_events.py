"""Every change leaves the event that tells of it in the outbox, written with it."""

import asyncio
import json

import httpx

from libs.contracts.testing import check_event
from libs.outbox.testing import waiting_events
from services.order_processor.expiry import expire_reservations
from services.order_processor.tests.conftest import Deployment
from services.order_processor.tests.helpers import put_stock, reserve, stock


async def told(deployment: Deployment) -> list[tuple[str, str, int]]:
    """Return subject, kind and sequence of the events in the outbox, by subject and sequence."""
    events = await waiting_events(deployment.dynamo, deployment.names["stock_events"])
    for event in events:
        check_event("stock_events.v1", json.dumps(event))
    return sorted(
        (event["subject"], event["type"].removeprefix("granary."), int(event["sequence"]))
        for event in events
        if event["type"] != "granary.stock.set.v1"
    )


async def test_each_reservation_tells_its_decision_and_its_end(
    deployment: Deployment,
) -> None:
    client = deployment.client
    await put_stock(client, "APPLE", 5)
    for number, units in enumerate((1, 2, 9)):
        for _ in range(2):
            await reserve(client, f"o-{number}", {"APPLE": units})
    for _ in range(2):
        await client.delete("/v1/reservations/o-0")
        await client.post("/v1/reservations/o-1/sale")
    assert await told(deployment) == [
        ("o-0", "reservation.held.v1", 1),
        ("o-0", "reservation.released.v1", 2),
        ("o-1", "reservation.held.v1", 1),
        ("o-1", "reservation.sold.v1", 2),
        ("o-2", "reservation.refused.v1", 1),
    ]


async def test_expiry_is_told_as_such(short_lived: Deployment) -> None:
    await put_stock(short_lived.client, "APPLE", 5)
    await reserve(short_lived.client, "o-1", {"APPLE": 1})
    await expire_reservations(short_lived.app.state.reservations)
    assert await told(short_lived) == [
        ("o-1", "reservation.expired.v1", 2),
        ("o-1", "reservation.held.v1", 1),
    ]


async def test_stock_that_is_set_is_told_each_time(deployment: Deployment) -> None:
    for units in (5, 7, 7):
        await put_stock(deployment.client, "APPLE", units)
    refused = await _put_with_an_old_tag(deployment.client)
    assert refused.status_code == 412
    events = await waiting_events(deployment.dynamo, deployment.names["stock_events"])
    events.sort(key=lambda event: int(event["sequence"]))
    assert [event["data"] for event in events] == [
        {"sku": "APPLE", "on_hand": units} for units in (5, 7, 7)
    ]
    assert len({event["id"] for event in events}) == 3


async def test_the_last_event_of_a_sku_tells_the_units_on_hand(deployment: Deployment) -> None:
    skus = [f"S{number}" for number in range(10)]
    for sku in skus:
        await asyncio.gather(*(put_stock(deployment.client, sku, units) for units in (1, 2, 3)))
    events = await waiting_events(deployment.dynamo, deployment.names["stock_events"])
    last = {event["subject"]: event["data"]["on_hand"] for event in events}
    assert last == {sku: (await stock(deployment.client, sku))[0] for sku in skus}
    assert len(events) == 30


async def _put_with_an_old_tag(client: httpx.AsyncClient) -> httpx.Response:
    return await client.put("/v1/inventory/APPLE", json={"on_hand": 1}, headers={"If-Match": '"1"'})
