"""Held stock leaves once: sold, released or expired, on a real DynamoDB Local."""

import asyncio

import httpx
import pytest

from libs.service_kit.testing_problems import problem
from services.order_processor.expiry import expire_reservations
from services.order_processor.tests.conftest import Deployment
from services.order_processor.tests.helpers import put_stock, reserve, stock


async def release(client: httpx.AsyncClient, order_id: str = "order-1") -> httpx.Response:
    return await client.delete(f"/v1/reservations/{order_id}")


async def sell(client: httpx.AsyncClient, order_id: str = "order-1") -> httpx.Response:
    return await client.post(f"/v1/reservations/{order_id}/sale")


async def expire(deployment: Deployment) -> None:
    """Look for expired reservations twice at once, as two instances do."""
    reservations = deployment.app.state.reservations
    await asyncio.gather(expire_reservations(reservations), expire_reservations(reservations))


async def test_release_returns_the_stock_once(client: httpx.AsyncClient) -> None:
    await put_stock(client, "APPLE", 7)
    await put_stock(client, "PEAR", 7)
    await reserve(client, "order-1", {"APPLE": 3, "PEAR": 2})
    await reserve(client, "order-2", {"APPLE": 1})
    answers = await asyncio.gather(*(release(client) for _ in range(8)))
    answers.append(await release(client))
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["status"] for answer in answers} == {"RELEASED"}
    assert {answer.json()["release_reason"] for answer in answers} == {"cancelled"}
    assert await stock(client, "APPLE") == (6, 1, 0)
    assert await stock(client, "PEAR") == (7, 0, 0)


async def test_a_sale_moves_the_stock_once(client: httpx.AsyncClient) -> None:
    await put_stock(client, "APPLE", 7)
    await put_stock(client, "PEAR", 7)
    await reserve(client, "order-1", {"APPLE": 3, "PEAR": 2})
    await reserve(client, "order-2", {"APPLE": 1})
    answers = await asyncio.gather(*(sell(client) for _ in range(8)))
    answers.append(await sell(client))
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["status"] for answer in answers} == {"SOLD"}
    assert await stock(client, "APPLE") == (3, 1, 3)
    assert await stock(client, "PEAR") == (5, 0, 2)


async def test_of_sale_and_release_at_once_one_wins_and_the_other_says_so(
    client: httpx.AsyncClient,
) -> None:
    await put_stock(client, "APPLE", 100)
    sold = 0
    for number in range(8):
        order_id = f"order-{number}"
        await reserve(client, order_id, {"APPLE": 3})
        sale, returned = await asyncio.gather(sell(client, order_id), release(client, order_id))
        assert sorted((sale.status_code, returned.status_code)) == [200, 409]
        if sale.status_code == 200:
            assert problem(returned)["kind"] == "reservation-sold"
            sold += 3
        else:
            assert problem(sale)["kind"] == "reservation-released"
    assert await stock(client, "APPLE") == (100 - sold, 0, sold)


async def test_stock_held_for_too_long_returns_once(short_lived: Deployment) -> None:
    client = short_lived.client
    await put_stock(client, "APPLE", 100)
    for number in range(20):
        await reserve(client, f"order-{number}", {"APPLE": 2})
    assert await stock(client, "APPLE") == (60, 40, 0)
    await expire(short_lived)
    assert await stock(client, "APPLE") == (100, 0, 0)
    expired = (await client.get("/v1/reservations/order-7")).json()
    assert (expired["status"], expired["release_reason"]) == ("RELEASED", "expired")
    await expire(short_lived)
    assert await stock(client, "APPLE") == (100, 0, 0)


async def test_of_expiry_and_an_end_at_once_one_wins(short_lived: Deployment) -> None:
    client = short_lived.client
    await put_stock(client, "APPLE", 100)
    sold = 0
    for number in range(6):
        order_id = f"order-{number}"
        await reserve(client, order_id, {"APPLE": 3})
        end = sell if number % 2 else release
        _, ended = await asyncio.gather(expire(short_lived), end(client, order_id))
        assert ended.status_code == 200 or problem(ended)["kind"] == "reservation-released"
        if ended.status_code == 200 and ended.json()["status"] == "SOLD":
            sold += 3
    await expire(short_lived)
    assert await stock(client, "APPLE") == (100 - sold, 0, sold)


async def test_what_has_time_left_or_was_sold_does_not_expire(
    deployment: Deployment, short_lived: Deployment
) -> None:
    for one in (deployment, short_lived):
        await put_stock(one.client, "APPLE", 5)
        await reserve(one.client, "order-1", {"APPLE": 2})
    await sell(short_lived.client)
    for one in (deployment, short_lived):
        await expire(one)
    assert await stock(deployment.client, "APPLE") == (3, 2, 0)
    assert await stock(short_lived.client, "APPLE") == (3, 0, 2)


@pytest.mark.parametrize(
    ("end", "kind"), [(release, "reservation-released"), (sell, "reservation-sold")]
)
async def test_an_order_that_gave_its_stock_away_cannot_hold_any_again(
    client: httpx.AsyncClient, end: object, kind: str
) -> None:
    await put_stock(client, "APPLE", 7)
    await reserve(client, "order-1", {"APPLE": 3})
    await (release(client) if end is release else sell(client))
    before = await stock(client, "APPLE")
    response = await reserve(client, "order-1", {"APPLE": 3})
    assert response.status_code == 409
    assert problem(response)["kind"] == kind
    assert await stock(client, "APPLE") == before


@pytest.mark.parametrize("order_id", ["order-1", "order-2"])
async def test_without_a_reservation_there_is_nothing_to_end(
    client: httpx.AsyncClient, order_id: str
) -> None:
    await reserve(client, "order-1", {"NOTHING": 1})
    for response in (await release(client, order_id), await sell(client, order_id)):
        assert response.status_code == 404
        assert problem(response)["kind"] == "reservation-not-found"


async def test_a_reservation_can_be_read_a_refused_one_too(client: httpx.AsyncClient) -> None:
    await put_stock(client, "APPLE", 1)
    held = await reserve(client, "order-1", {"APPLE": 1})
    await reserve(client, "order-2", {"APPLE": 1})
    assert (await client.get("/v1/reservations/order-1")).json() == held.json()
    refused = (await client.get("/v1/reservations/order-2")).json()
    assert (refused["status"], refused["refusal"]) == ("REFUSED", "insufficient-stock")
    assert refused["refused_sku"] == "APPLE"
    missing = await client.get("/v1/reservations/order-3")
    assert problem(missing)["kind"] == "reservation-not-found"
