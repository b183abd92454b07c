"""Placing orders over HTTP, on a real DynamoDB Local."""

import asyncio

import httpx

from libs.service_kit.testing_problems import problem
from services.order_api.tests.conftest import Deployment
from services.order_api.tests.helpers import ORDER, place
from services.order_api.tests.scripted_processor import ScriptedProcessor


async def test_an_order_with_stock_is_confirmed_and_can_be_read(
    client: httpx.AsyncClient, processor: ScriptedProcessor
) -> None:
    response = await place(client)
    assert response.status_code == 201
    order = response.json()
    assert order["status"] == "CONFIRMED"
    assert order["customer_id"] == "ann"
    assert order["lines"] == ORDER["lines"]
    assert processor.reserved == [{"order_id": order["order_id"], "lines": ORDER["lines"]}]
    location = response.headers["location"]
    assert location == f"/v1/orders/{order['order_id']}"
    assert (await client.get(location)).json() == order


async def test_a_shortage_rejects_the_order_and_names_the_sku(
    client: httpx.AsyncClient, processor: ScriptedProcessor
) -> None:
    processor.refusal = (409, "insufficient-stock", "APPLE")
    response = await place(client)
    assert response.status_code == 409
    refusal = problem(response)
    assert (refusal["kind"], refusal["sku"]) == ("insufficient-stock", "APPLE")
    order = (await client.get(response.headers["location"])).json()
    assert order["order_id"] == refusal["order_id"]
    assert order["status"] == "REJECTED"
    assert (order["rejection"], order["rejected_sku"]) == ("insufficient-stock", "APPLE")


async def test_an_unknown_sku_rejects_the_order(
    client: httpx.AsyncClient, processor: ScriptedProcessor
) -> None:
    processor.refusal = (409, "unknown-sku", "APPLE")
    response = await place(client)
    assert response.status_code == 409
    assert (problem(response)["kind"], problem(response)["sku"]) == ("unknown-sku", "APPLE")
    assert (await client.get(response.headers["location"])).json()["status"] == "REJECTED"


async def test_a_processor_that_fails_for_a_moment_is_not_noticed(
    client: httpx.AsyncClient, processor: ScriptedProcessor
) -> None:
    processor.failures = 2
    assert (await place(client)).json()["status"] == "CONFIRMED"


async def test_without_a_decision_the_order_stays_pending(
    client: httpx.AsyncClient, processor: ScriptedProcessor
) -> None:
    processor.failures = 1_000
    response = await place(client)
    assert (response.status_code, response.json()["status"]) == (201, "PENDING")
    assert (await client.get(response.headers["location"])).json()["status"] == "PENDING"


async def test_a_processor_that_keeps_failing_is_asked_no_more_for_a_while(
    impatient: httpx.AsyncClient, processor: ScriptedProcessor
) -> None:
    processor.garbled = True
    for _ in range(12):
        assert (await place(impatient)).json()["status"] == "PENDING"
    asked = len(processor.headers)
    processor.garbled = False
    assert (await place(impatient)).json()["status"] == "PENDING"
    assert len(processor.headers) == asked
    page = (await impatient.get("/metrics")).text
    assert 'circuit_state{circuit_state="open",name="order_processor"} 1.0' in page


async def test_the_processor_is_told_how_long_its_answer_is_waited_for(
    client: httpx.AsyncClient, processor: ScriptedProcessor
) -> None:
    await place(client)
    body = {"customer_id": "ann", "lines": [{"sku": "APPLE", "quantity": 1}]}
    headers = {"Idempotency-Key": "k", "X-Request-Timeout-Ms": "2000"}
    assert (await client.post("/v1/orders", json=body, headers=headers)).status_code == 201
    unhurried, hurried = (int(sent["X-Request-Timeout-Ms"]) for sent in processor.headers)
    assert 4_000 < unhurried <= 5_000
    assert 0 < hurried <= 1_500


async def test_a_silent_processor_leaves_the_order_pending(
    impatient: httpx.AsyncClient, processor: ScriptedProcessor
) -> None:
    processor.delay_seconds = 2
    response = await place(impatient)
    assert (response.status_code, response.json()["status"]) == (201, "PENDING")


async def test_a_garbled_processor_leaves_the_order_pending(
    client: httpx.AsyncClient, processor: ScriptedProcessor
) -> None:
    processor.garbled = True
    assert (await place(client)).json()["status"] == "PENDING"
    processor.garbled = False
    processor.refusal = (418, "surprise", "APPLE")
    assert (await place(client)).json()["status"] == "PENDING"


async def test_a_late_decision_does_not_undo_what_happened_since(
    deployment: Deployment, processor: ScriptedProcessor
) -> None:
    gate = processor.held_back = asyncio.Event()
    late = asyncio.create_task(place(deployment.client, key="k"))
    await processor.asked.wait()
    order_id = processor.reserved[0]["order_id"]
    await deployment.app.state.orders.settle(order_id)
    await deployment.client.post(f"/v1/orders/{order_id}/cancel")
    gate.set()
    assert (await late).json()["status"] == "CANCELLED"
    assert (await deployment.client.get(f"/v1/orders/{order_id}")).json()["status"] == "CANCELLED"


async def test_the_request_id_goes_on_to_the_processor(
    client: httpx.AsyncClient, processor: ScriptedProcessor
) -> None:
    headers = {"Idempotency-Key": "k", "X-Request-ID": "trace-me.1"}
    response = await client.post("/v1/orders", json=ORDER, headers=headers)
    assert response.headers["x-request-id"] == "trace-me.1"
    assert [sent["X-Request-ID"] for sent in processor.headers] == ["trace-me.1"]
