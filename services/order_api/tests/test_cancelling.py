"""Cancelling orders over HTTP, on a real DynamoDB Local."""

import asyncio

import httpx

from services.order_api.tests.helpers import place, problem
from services.order_api.tests.scripted_processor import ScriptedProcessor


async def test_cancelling_returns_the_stock_and_repeating_is_harmless(
    client: httpx.AsyncClient, processor: ScriptedProcessor
) -> None:
    order_id = (await place(client)).json()["order_id"]
    first = await client.post(f"/v1/orders/{order_id}/cancel")
    assert first.status_code == 200
    assert (first.json()["status"], first.json()["stock_returned"]) == ("CANCELLED", True)
    again = await client.post(f"/v1/orders/{order_id}/cancel")
    assert again.json() == first.json()
    assert processor.released == [order_id]


async def test_cancels_at_once_all_say_cancelled(client: httpx.AsyncClient) -> None:
    order_id = (await place(client)).json()["order_id"]
    responses = await asyncio.gather(
        *(client.post(f"/v1/orders/{order_id}/cancel") for _ in range(8))
    )
    assert {response.status_code for response in responses} == {200}
    assert {response.json()["stock_returned"] for response in responses} == {True}


async def test_stock_that_could_not_be_returned_is_returned_by_the_next_cancel(
    client: httpx.AsyncClient, processor: ScriptedProcessor
) -> None:
    order_id = (await place(client)).json()["order_id"]
    processor.failures = 1_000
    first = await client.post(f"/v1/orders/{order_id}/cancel")
    assert (first.json()["status"], first.json()["stock_returned"]) == ("CANCELLED", False)
    processor.failures = 0
    again = await client.post(f"/v1/orders/{order_id}/cancel")
    assert (again.json()["status"], again.json()["stock_returned"]) == ("CANCELLED", True)
    assert processor.released == [order_id]


async def test_a_pending_order_cannot_be_cancelled_yet(
    client: httpx.AsyncClient, processor: ScriptedProcessor
) -> None:
    processor.failures = 1_000
    order_id = (await place(client)).json()["order_id"]
    response = await client.post(f"/v1/orders/{order_id}/cancel")
    assert response.status_code == 409
    assert problem(response)["kind"] == "order-pending"
    assert response.headers["retry-after"] == "1"


async def test_a_rejected_order_has_nothing_to_cancel(
    client: httpx.AsyncClient, processor: ScriptedProcessor
) -> None:
    processor.refusal = (409, "insufficient-stock", "APPLE")
    order_id = problem(await place(client))["order_id"]
    response = await client.post(f"/v1/orders/{order_id}/cancel")
    assert response.status_code == 409
    assert problem(response)["kind"] == "order-rejected"
    assert processor.released == []
