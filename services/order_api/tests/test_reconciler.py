"""What a crash or an absent order_processor left is settled, on a real DynamoDB Local."""

import asyncio
import time

import httpx

from libs.contracts.moments import moment
from libs.dynamo import Update
from libs.service_kit.testing_problems import problem
from services.order_api.orders import Orders
from services.order_api.reconciler import settle_due_orders
from services.order_api.tests.conftest import Deployment
from services.order_api.tests.helpers import place
from services.order_api.tests.scripted_processor import ScriptedProcessor


async def make_due(deployment: Deployment, order_id: str) -> None:
    """Let the time pass that an order is left alone for."""
    await deployment.dynamo.update(
        Update(
            table=deployment.orders_table,
            key={"pk": f"ORDER#{order_id}"},
            update="SET due_at = :past",
            condition="attribute_exists(due)",
            values={":past": moment(time.time() - 1)},
        )
    )


async def status_of(client: httpx.AsyncClient, order_id: str) -> str:
    return str((await client.get(f"/v1/orders/{order_id}")).json()["status"])


async def settle(deployment: Deployment) -> None:
    """Run the reconciler twice at once, as two instances do."""
    orders: Orders = deployment.app.state.orders
    await asyncio.gather(settle_due_orders(orders), settle_due_orders(orders))


async def test_a_pending_order_is_settled_when_the_processor_is_back(
    deployment: Deployment, processor: ScriptedProcessor
) -> None:
    processor.failures = 4
    order_id = (await place(deployment.client)).json()["order_id"]
    await settle(deployment)
    assert await status_of(deployment.client, order_id) == "CONFIRMED"
    assert {order["order_id"] for order in processor.reserved} == {order_id}


async def test_an_order_that_is_being_placed_is_left_to_its_request(
    deployment: Deployment, processor: ScriptedProcessor
) -> None:
    gate = processor.held_back = asyncio.Event()
    placing = asyncio.create_task(place(deployment.client))
    await processor.asked.wait()
    await settle(deployment)
    gate.set()
    assert (await placing).json()["status"] == "CONFIRMED"
    assert len(processor.reserved) == 1


async def test_a_pending_order_without_stock_is_rejected(
    deployment: Deployment, processor: ScriptedProcessor
) -> None:
    processor.failures = 4
    order_id = (await place(deployment.client)).json()["order_id"]
    await make_due(deployment, order_id)
    processor.refusal = (409, "insufficient-stock", "APPLE")
    await settle(deployment)
    order = (await deployment.client.get(f"/v1/orders/{order_id}")).json()
    assert (order["status"], order["rejected_sku"]) == ("REJECTED", "APPLE")


async def test_a_pending_order_whose_stock_expired_meanwhile_is_rejected(
    deployment: Deployment, processor: ScriptedProcessor
) -> None:
    processor.lost_answers = 4
    order_id = (await place(deployment.client)).json()["order_id"]
    processor.expire(order_id)
    await make_due(deployment, order_id)
    await settle(deployment)
    order = (await deployment.client.get(f"/v1/orders/{order_id}")).json()
    assert (order["status"], order["rejection"]) == ("REJECTED", "reservation-expired")


async def test_a_confirmed_order_follows_its_expired_stock(
    deployment: Deployment, processor: ScriptedProcessor
) -> None:
    processor.hold_seconds = -1
    order_id = (await place(deployment.client)).json()["order_id"]
    await settle(deployment)
    assert await status_of(deployment.client, order_id) == "CONFIRMED", "the stock is still held"
    processor.expire(order_id)
    await make_due(deployment, order_id)
    await settle(deployment)
    order = (await deployment.client.get(f"/v1/orders/{order_id}")).json()
    assert (order["status"], order["cancel_reason"]) == ("CANCELLED", "expired")


async def test_a_cancel_that_ended_half_way_is_finished(
    deployment: Deployment, processor: ScriptedProcessor
) -> None:
    order_id = (await place(deployment.client)).json()["order_id"]
    processor.lost_answers = 1_000
    response = await deployment.client.post(f"/v1/orders/{order_id}/cancel")
    assert problem(response)["kind"] == "processor-unavailable"
    processor.lost_answers = 0
    await make_due(deployment, order_id)
    await settle(deployment)
    assert await status_of(deployment.client, order_id) == "CANCELLED"
    assert processor.closed == [(order_id, "RELEASED")]


async def test_without_the_processor_a_run_ends_at_once_and_changes_nothing(
    deployment: Deployment, processor: ScriptedProcessor
) -> None:
    processor.failures = 1_000_000
    order_ids = [(await place(deployment.client)).json()["order_id"] for _ in range(3)]
    for order_id in order_ids:
        await make_due(deployment, order_id)
    await settle(deployment)
    for order_id in order_ids:
        assert await status_of(deployment.client, order_id) == "PENDING"


async def test_an_order_that_cannot_be_settled_does_not_block_others(
    deployment: Deployment, processor: ScriptedProcessor
) -> None:
    processor.failures = 8
    stuck = (await place(deployment.client)).json()["order_id"]
    other = (await place(deployment.client)).json()["order_id"]
    for order_id in (stuck, other):
        await make_due(deployment, order_id)
    processor.puzzled_by = stuck
    await settle(deployment)
    assert await status_of(deployment.client, stuck) == "PENDING"
    assert await status_of(deployment.client, other) == "CONFIRMED"


async def test_settled_orders_are_looked_at_no_more(
    deployment: Deployment, processor: ScriptedProcessor
) -> None:
    order_id = (await place(deployment.client)).json()["order_id"]
    await deployment.client.post(f"/v1/orders/{order_id}/ship")
    item = await deployment.dynamo.get(deployment.orders_table, {"pk": f"ORDER#{order_id}"})
    assert item
    assert not {"due", "due_at"} & item.keys()
