"""Cancelling and shipping orders over HTTP, on a real DynamoDB Local."""

import asyncio

import httpx
import pytest

from libs.service_kit.testing_problems import problem
from services.order_api.tests.helpers import place
from services.order_api.tests.scripted_processor import ScriptedProcessor

ENDS = [("cancel", "CANCELLED", "RELEASED"), ("ship", "SHIPPED", "SOLD")]


async def close(client: httpx.AsyncClient, order_id: str, how: str) -> httpx.Response:
    return await client.post(f"/v1/orders/{order_id}/{how}")


@pytest.mark.parametrize(("how", "status", "stock"), ENDS)
async def test_an_end_moves_the_stock_and_repeating_it_is_harmless(
    client: httpx.AsyncClient, processor: ScriptedProcessor, how: str, status: str, stock: str
) -> None:
    order_id = (await place(client)).json()["order_id"]
    first = await close(client, order_id, how)
    assert first.status_code == 200
    assert first.json()["status"] == status
    assert (await close(client, order_id, how)).json() == first.json()
    assert (await client.get(f"/v1/orders/{order_id}")).json() == first.json()
    assert processor.closed == [(order_id, stock)]


@pytest.mark.parametrize(("how", "status", "stock"), ENDS)
async def test_many_at_once_all_say_the_same(
    client: httpx.AsyncClient, processor: ScriptedProcessor, how: str, status: str, stock: str
) -> None:
    order_id = (await place(client)).json()["order_id"]
    responses = await asyncio.gather(*(close(client, order_id, how) for _ in range(8)))
    assert {response.status_code for response in responses} == {200}
    assert {response.json()["status"] for response in responses} == {status}
    assert processor.closed == [(order_id, stock)]


async def test_of_cancel_and_ship_at_once_one_wins_and_the_other_says_so(
    client: httpx.AsyncClient,
) -> None:
    for _ in range(6):
        order_id = (await place(client)).json()["order_id"]
        cancelled, shipped = await asyncio.gather(
            close(client, order_id, "cancel"), close(client, order_id, "ship")
        )
        assert sorted((cancelled.status_code, shipped.status_code)) == [200, 409]
        if cancelled.status_code == 200:
            assert problem(shipped)["kind"] == "order-cancelled"
            assert problem(shipped)["cancel_reason"] == "customer"
        else:
            assert problem(cancelled)["kind"] == "order-shipped"


@pytest.mark.parametrize(("how", "status", "stock"), ENDS)
async def test_without_an_answer_of_the_processor_the_client_is_told_to_repeat(
    impatient: httpx.AsyncClient,
    processor: ScriptedProcessor,
    how: str,
    status: str,
    stock: str,
) -> None:
    order_id = (await place(impatient)).json()["order_id"]
    processor.lost_answers = 1_000
    response = await close(impatient, order_id, how)
    assert response.status_code == 503
    assert problem(response)["kind"] == "processor-unavailable"
    assert response.headers["retry-after"] == "1"
    processor.lost_answers = 0
    again = await close(impatient, order_id, how)
    assert (again.status_code, again.json()["status"]) == (200, status)
    assert processor.closed == [(order_id, stock)]


@pytest.mark.parametrize("how", ["cancel", "ship"])
async def test_a_pending_order_cannot_be_ended_yet(
    client: httpx.AsyncClient, processor: ScriptedProcessor, how: str
) -> None:
    processor.failures = 1_000
    order_id = (await place(client)).json()["order_id"]
    response = await close(client, order_id, how)
    assert response.status_code == 409
    assert problem(response)["kind"] == "order-pending"
    assert response.headers["retry-after"] == "1"


@pytest.mark.parametrize("how", ["cancel", "ship"])
async def test_a_rejected_order_has_nothing_to_end(
    client: httpx.AsyncClient, processor: ScriptedProcessor, how: str
) -> None:
    processor.refusal = (409, "insufficient-stock", "APPLE")
    order_id = problem(await place(client))["order_id"]
    response = await close(client, order_id, how)
    assert response.status_code == 409
    assert problem(response)["kind"] == "order-rejected"
    assert processor.closed == []


async def test_an_order_whose_stock_expired_is_cancelled_when_it_should_be_shipped(
    client: httpx.AsyncClient, processor: ScriptedProcessor
) -> None:
    order_id = (await place(client)).json()["order_id"]
    processor.expire(order_id)
    response = await close(client, order_id, "ship")
    assert response.status_code == 409
    assert problem(response)["kind"] == "order-cancelled"
    assert problem(response)["cancel_reason"] == "expired"
    assert (await client.get(f"/v1/orders/{order_id}")).json()["status"] == "CANCELLED"
