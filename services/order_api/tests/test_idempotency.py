"""One key, one order, one answer: repeats over HTTP, on a real DynamoDB Local."""

import asyncio
import time

import httpx
import pytest
from pydantic import HttpUrl

from libs.dynamo import Item, Put
from libs.dynamo.testing import fresh_tables
from libs.service_kit.testing_problems import problem
from services.order_api.settings import Settings
from services.order_api.tables import TABLES
from services.order_api.tests.conftest import Deployment, serving
from services.order_api.tests.helpers import ORDER, place
from services.order_api.tests.scripted_processor import ScriptedProcessor

BOBS = {**ORDER, "customer_id": "bob"}


async def claim_of(deployment: Deployment, key: str) -> Item:
    claim = await deployment.dynamo.get(deployment.orders_table, {"pk": f"KEY#{key}"})
    assert claim
    return claim


async def put(deployment: Deployment, item: Item) -> None:
    await deployment.dynamo.put(Put(table=deployment.orders_table, item=item))


def unanswered(claim: Item, *, lease_until: int = 0) -> Item:
    """Return the claim as a crashed owner leaves it."""
    kept = {name: value for name, value in claim.items() if not name.startswith("answer_")}
    return {**kept, "lease_until": lease_until}


def now_milliseconds() -> int:
    return time.time_ns() // 1_000_000


@pytest.mark.parametrize("outcome", ["CONFIRMED", "PENDING", "insufficient-stock", "unknown-sku"])
async def test_a_repeat_gets_the_first_answer_byte_for_byte(
    client: httpx.AsyncClient, processor: ScriptedProcessor, outcome: str
) -> None:
    if outcome == "PENDING":
        processor.failures = 4
    elif outcome != "CONFIRMED":
        processor.refusal = (409, outcome, "APPLE")
    first = await place(client, key="k")
    assert outcome in first.text
    processor.refusal = None
    for _ in range(2):
        again = await place(client, key="k")
        assert again.status_code == first.status_code
        assert again.content == first.content
        for name in ("location", "content-type"):
            assert again.headers[name] == first.headers[name]
    page = (await client.get("/v1/orders", params={"customer_id": "ann"})).json()
    assert len(page["orders"]) == 1


async def test_the_answer_stays_when_the_order_moves_on(client: httpx.AsyncClient) -> None:
    first = await place(client, key="k")
    await client.post(f"{first.headers['location']}/cancel")
    assert (await place(client, key="k")).content == first.content
    assert (await client.get(first.headers["location"])).json()["status"] == "CANCELLED"


async def test_the_same_order_written_otherwise_is_the_same(client: httpx.AsyncClient) -> None:
    first = await place(client, key="k")
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    body = b'{ "lines":[{"quantity":2.0 ,"sku":"APPLE"}], "customer_id":"ann" }'
    again = await client.post("/v1/orders", content=body, headers=headers)
    assert again.content == first.content


async def test_a_key_of_another_order_is_refused(client: httpx.AsyncClient) -> None:
    await place(client, key="k")
    response = await place(client, BOBS, key="k")
    assert response.status_code == 422
    assert problem(response)["kind"] == "idempotency-key-reused"


async def test_bad_input_claims_no_key(client: httpx.AsyncClient) -> None:
    assert (await place(client, {**ORDER, "lines": []}, key="k")).status_code == 422
    assert (await place(client, BOBS, key="k")).status_code == 201


async def test_a_repeat_in_flight_is_told_to_come_again(
    client: httpx.AsyncClient, processor: ScriptedProcessor
) -> None:
    gate = processor.held_back = asyncio.Event()
    first = asyncio.create_task(place(client, key="k"))
    await processor.asked.wait()
    response = await place(client, key="k")
    assert response.status_code == 409
    assert problem(response)["kind"] == "request-in-flight"
    assert response.headers["retry-after"] == "1"
    other = await place(client, BOBS, key="k")
    assert problem(other)["kind"] == "idempotency-key-reused"
    gate.set()
    assert (await first).status_code == 201
    assert (await place(client, key="k")).content == (await first).content


async def test_repeats_at_once_place_one_order(
    client: httpx.AsyncClient, processor: ScriptedProcessor
) -> None:
    responses = await asyncio.gather(*(place(client, key="k") for _ in range(10)))
    assert {response.status_code for response in responses} <= {201, 409}
    placed = {response.content for response in responses if response.status_code == 201}
    assert placed == {(await place(client, key="k")).content}
    assert len({order["order_id"] for order in processor.reserved}) == 1


async def test_a_crashed_attempt_is_finished_by_a_repeat_after_its_lease(
    deployment: Deployment, processor: ScriptedProcessor
) -> None:
    first = await place(deployment.client, key="k")
    claim = await claim_of(deployment, "k")
    await put(deployment, unanswered(claim, lease_until=now_milliseconds() + 60_000))
    waiting = await place(deployment.client, key="k")
    assert problem(waiting)["kind"] == "request-in-flight"
    await put(deployment, unanswered(claim))
    again = await place(deployment.client, key="k")
    assert (again.status_code, again.json()) == (201, first.json())
    taken_over = await claim_of(deployment, "k")
    assert taken_over["claim_owner"] != claim["claim_owner"]
    assert len(processor.reserved) == 1


async def test_an_attempt_that_crashed_before_it_asked_is_finished_too(
    deployment: Deployment, processor: ScriptedProcessor
) -> None:
    processor.failures = 4
    first = await place(deployment.client, key="k")
    assert first.json()["status"] == "PENDING"
    await put(deployment, unanswered(await claim_of(deployment, "k")))
    again = await place(deployment.client, key="k")
    assert (again.status_code, again.json()["status"]) == (201, "CONFIRMED")
    assert again.json()["order_id"] == first.json()["order_id"]


async def test_of_many_repeats_after_the_lease_one_takes_over(
    deployment: Deployment, processor: ScriptedProcessor
) -> None:
    processor.failures = 4
    await place(deployment.client, key="k")
    await put(deployment, unanswered(await claim_of(deployment, "k")))
    responses = await asyncio.gather(*(place(deployment.client, key="k") for _ in range(8)))
    assert {response.status_code for response in responses} <= {201, 409}
    assert len({response.content for response in responses if response.status_code == 201}) == 1
    assert len(processor.reserved) == 1


@pytest.mark.parametrize("finished", [True, False])
async def test_a_slow_owner_cannot_overwrite_the_answer_of_a_newer_one(
    deployment: Deployment, processor: ScriptedProcessor, finished: bool
) -> None:
    gate = processor.held_back = asyncio.Event()
    slow = asyncio.create_task(place(deployment.client, key="k"))
    await processor.asked.wait()
    claim = await claim_of(deployment, "k")
    newer: Item = {**claim, "claim_owner": "newer"}
    if finished:
        newer |= {"answer_status": 201, "answer_body": '{"status":"PENDING"}'}
    await put(deployment, newer)
    gate.set()
    response = await slow
    if finished:
        assert (response.status_code, response.text) == (201, '{"status":"PENDING"}')
    else:
        assert problem(response)["kind"] == "request-in-flight"
    assert await claim_of(deployment, "k") == newer


async def test_an_attempt_that_fails_frees_its_key_at_once(
    deployment: Deployment, processor: ScriptedProcessor
) -> None:
    gate = processor.held_back = asyncio.Event()
    first = asyncio.create_task(place(deployment.client, key="k"))
    await processor.asked.wait()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    gate.set()
    again = await place(deployment.client, key="k")
    assert (again.status_code, again.json()["status"]) == (201, "CONFIRMED")


async def test_a_key_is_free_again_after_its_lifetime(deployment: Deployment) -> None:
    first = await place(deployment.client, key="k")
    claim = await claim_of(deployment, "k")
    assert claim["expires_at"] == pytest.approx(time.time() + 24 * 3600, abs=60)
    # DynamoDB may drop the item days late; until then it lies there expired.
    await put(deployment, {**claim, "expires_at": int(time.time()) - 1})
    second = await place(deployment.client, BOBS, key="k")
    assert second.status_code == 201
    assert second.json()["order_id"] != first.json()["order_id"]


async def test_a_key_outlives_the_service(dynamodb: str, processor: ScriptedProcessor) -> None:
    async with fresh_tables(dynamodb, TABLES) as (_, names):
        settings = _settings(dynamodb, processor, names)
        async with serving(settings) as client:
            first = await place(client, key="k")
        async with serving(settings) as client:
            assert (await place(client, key="k")).content == first.content


def _settings(dynamodb: str, processor: ScriptedProcessor, names: dict[str, str]) -> Settings:
    return Settings(
        dynamodb_endpoint=HttpUrl(dynamodb),
        orders_table=names["orders"],
        order_events_table=names["order_events"],
        order_processor_url=HttpUrl(processor.url),
    )
