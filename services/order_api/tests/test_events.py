"""Every state that an order comes to leaves the event that tells of it in the outbox."""

import asyncio
import json
from itertools import groupby

from libs.contracts.testing import check_event
from libs.outbox.testing import waiting_events
from libs.service_kit.testing_problems import problem
from services.order_api.tests.conftest import Deployment
from services.order_api.tests.helpers import place
from services.order_api.tests.scripted_processor import ScriptedProcessor


async def told(deployment: Deployment) -> dict[str, list[str]]:
    """Return the kinds of each order's events, in their order."""
    events = await waiting_events(deployment.dynamo, deployment.events_table)
    for event in events:
        check_event("order_events.v1", json.dumps(event))
    return {
        order_id: [event["type"].removeprefix("granary.order.") for event in group]
        for order_id, group in groupby(events, key=lambda event: str(event["subject"]))
    }


async def test_an_order_tells_each_of_its_states_once(
    deployment: Deployment, processor: ScriptedProcessor
) -> None:
    client = deployment.client
    shipped, cancelled = [(await place(client)).json()["order_id"] for _ in range(2)]
    for _ in range(2):
        await client.post(f"/v1/orders/{shipped}/ship")
        await client.post(f"/v1/orders/{cancelled}/cancel")
    processor.refusal = (409, "insufficient-stock", "APPLE")
    rejected = problem(await place(client))["order_id"]
    processor.failures = 4
    pending = (await place(client)).json()["order_id"]
    assert await told(deployment) == {
        shipped: ["placed.v1", "confirmed.v1", "shipped.v1"],
        cancelled: ["placed.v1", "confirmed.v1", "cancelled.v1"],
        rejected: ["placed.v1", "rejected.v1"],
        pending: ["placed.v1"],
    }


async def test_repeats_and_contests_tell_nothing_twice(deployment: Deployment) -> None:
    answers = await asyncio.gather(*(place(deployment.client, key="k") for _ in range(5)))
    (order_id,) = {a.json()["order_id"] for a in answers if a.status_code == 201}
    await asyncio.gather(
        *(deployment.client.post(f"/v1/orders/{order_id}/{how}") for how in ("ship", "cancel") * 3)
    )
    kinds = (await told(deployment))[order_id]
    assert kinds[:2] == ["placed.v1", "confirmed.v1"]
    assert kinds[2:] in (["shipped.v1"], ["cancelled.v1"])


async def test_an_event_carries_the_order_as_it_was_then(deployment: Deployment) -> None:
    order = (await place(deployment.client)).json()
    placed, confirmed = await waiting_events(deployment.dynamo, deployment.events_table)
    for event, status in ((placed, "PENDING"), (confirmed, "CONFIRMED")):
        assert event["source"] == "/granary/order_api"
        assert event["subject"] == order["order_id"]
        assert event["data"]["status"] == status
        assert event["data"]["lines"] == order["lines"]
    assert (placed["id"], confirmed["id"]) == (f"{order['order_id']}.1", f"{order['order_id']}.2")
