"""Placing orders over HTTP, on a real DynamoDB Local."""

import asyncio
import time

import httpx
import pytest
from pydantic import HttpUrl

from libs.dynamo import Put
from libs.dynamo.testing import fresh_tables
from services.order_api.settings import Settings
from services.order_api.tables import TABLES
from services.order_api.tests.conftest import serving
from services.order_api.tests.helpers import ORDER, place, problem
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
    processor.refusal = (422, "unknown-sku", "APPLE")
    response = await place(client)
    assert response.status_code == 422
    assert (problem(response)["kind"], problem(response)["sku"]) == ("unknown-sku", "APPLE")
    assert (await client.get(response.headers["location"])).json()["status"] == "REJECTED"


async def test_a_processor_that_fails_for_a_moment_is_not_noticed(
    client: httpx.AsyncClient, processor: ScriptedProcessor
) -> None:
    processor.failures = 2
    assert (await place(client)).json()["status"] == "CONFIRMED"


async def test_without_a_decision_the_order_stays_pending_and_a_repeat_settles_it(
    client: httpx.AsyncClient, processor: ScriptedProcessor
) -> None:
    processor.failures = 1_000
    response = await place(client, key="k")
    assert (response.status_code, response.json()["status"]) == (201, "PENDING")
    assert (await client.get(response.headers["location"])).json()["status"] == "PENDING"
    processor.failures = 0
    again = await place(client, key="k")
    assert (again.status_code, again.json()["status"]) == (201, "CONFIRMED")
    assert again.json()["order_id"] == response.json()["order_id"]


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


async def test_repeats_with_one_key_place_one_order(
    client: httpx.AsyncClient, processor: ScriptedProcessor
) -> None:
    responses = await asyncio.gather(*(place(client, key="k") for _ in range(10)))
    responses.append(await place(client, key="k"))
    assert {response.status_code for response in responses} == {201}
    assert len({response.json()["order_id"] for response in responses}) == 1
    assert len({order["order_id"] for order in processor.reserved}) == 1
    page = (await client.get("/v1/orders", params={"customer_id": "ann"})).json()
    assert len(page["orders"]) == 1


async def test_a_repeat_of_a_rejected_order_is_refused_alike(
    client: httpx.AsyncClient, processor: ScriptedProcessor
) -> None:
    processor.refusal = (409, "insufficient-stock", "APPLE")
    first = problem(await place(client, key="k"))
    processor.refusal = None
    again = problem(await place(client, key="k"))
    assert (again["kind"], again["order_id"]) == (first["kind"], first["order_id"])
    assert len(processor.reserved) == 1


async def test_a_late_decision_does_not_undo_what_happened_since(
    client: httpx.AsyncClient, processor: ScriptedProcessor
) -> None:
    gate = processor.held_back = asyncio.Event()
    late = asyncio.create_task(place(client, key="k"))
    await processor.asked.wait()
    order_id = (await place(client, key="k")).json()["order_id"]
    await client.post(f"/v1/orders/{order_id}/cancel")
    gate.set()
    assert (await late).json()["status"] == "CANCELLED"
    assert (await client.get(f"/v1/orders/{order_id}")).json()["status"] == "CANCELLED"


async def test_a_key_is_free_again_after_its_lifetime(
    dynamodb: str, processor: ScriptedProcessor
) -> None:
    async with fresh_tables(dynamodb, TABLES) as (dynamo, names):
        settings = Settings(
            dynamodb_endpoint=HttpUrl(dynamodb),
            orders_table=names["orders"],
            order_processor_url=HttpUrl(processor.url),
        )
        async with serving(settings) as client:
            first = await place(client, key="k")
            claim = await dynamo.get(names["orders"], {"pk": "KEY#k"})
            assert claim
            assert claim["expires_at"] == pytest.approx(time.time() + 24 * 3600, abs=60)
            # DynamoDB may drop the item days late; until then it lies there expired.
            expired = {**claim, "expires_at": int(time.time()) - 1}
            await dynamo.put(Put(table=names["orders"], item=expired))
            second = await place(client, {**ORDER, "customer_id": "bob"}, key="k")
            assert second.status_code == 201
            assert second.json()["order_id"] != first.json()["order_id"]


async def test_a_key_of_another_order_is_refused(client: httpx.AsyncClient) -> None:
    await place(client, key="k")
    response = await place(client, {**ORDER, "customer_id": "bob"}, key="k")
    assert response.status_code == 422
    assert problem(response)["kind"] == "idempotency-key-reused"


async def test_the_request_id_goes_on_to_the_processor(
    client: httpx.AsyncClient, processor: ScriptedProcessor
) -> None:
    headers = {"Idempotency-Key": "k", "X-Request-ID": "trace-me.1"}
    response = await client.post("/v1/orders", json=ORDER, headers=headers)
    assert response.headers["x-request-id"] == "trace-me.1"
    assert processor.request_ids == ["trace-me.1"]
