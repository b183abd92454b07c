"""Stock levels over HTTP, on a real DynamoDB Local."""

import asyncio

import httpx
import pytest

from libs.service_kit.testing_problems import problem
from services.order_processor.tests.helpers import put_stock, reserve, stock


async def test_stock_is_what_was_put(client: httpx.AsyncClient) -> None:
    response = await client.put("/v1/inventory/APPLE", json={"on_hand": 7})
    assert response.status_code == 200
    level = response.json()
    assert level.pop("updated_at").endswith("Z")
    assert level == {"sku": "APPLE", "on_hand": 7, "reserved": 0, "sold": 0, "version": 1}
    assert (await client.get("/v1/inventory/APPLE")).json()["on_hand"] == 7


async def test_putting_stock_keeps_what_is_reserved(client: httpx.AsyncClient) -> None:
    await put_stock(client, "APPLE", 7)
    await reserve(client, "order-1", {"APPLE": 3})
    await put_stock(client, "APPLE", 100)
    assert await stock(client, "APPLE") == (100, 3, 0)


async def test_a_put_with_an_old_etag_is_refused(client: httpx.AsyncClient) -> None:
    await put_stock(client, "APPLE", 7)
    tag = (await client.get("/v1/inventory/APPLE")).headers["etag"]
    await reserve(client, "order-1", {"APPLE": 3})
    response = await client.put(
        "/v1/inventory/APPLE", json={"on_hand": 9}, headers={"If-Match": tag}
    )
    assert response.status_code == 412
    assert problem(response)["kind"] == "stock-changed"
    assert await stock(client, "APPLE") == (4, 3, 0)


async def test_of_many_puts_with_one_etag_one_wins(client: httpx.AsyncClient) -> None:
    await put_stock(client, "APPLE", 7)
    tag = (await client.get("/v1/inventory/APPLE")).headers["etag"]
    responses = await asyncio.gather(
        *(
            client.put("/v1/inventory/APPLE", json={"on_hand": n}, headers={"If-Match": tag})
            for n in range(10)
        )
    )
    assert sorted(response.status_code for response in responses) == [200] + [412] * 9


async def test_an_unknown_sku_is_not_found(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/inventory/NOTHING")
    assert response.status_code == 404
    assert problem(response)["kind"] == "sku-not-found"
    assert problem(response)["sku"] == "NOTHING"


@pytest.mark.parametrize("on_hand", [-1, 1.5, "7", True, None, 10**10, [], 1e400])
async def test_units_that_are_no_count_are_refused(
    client: httpx.AsyncClient, on_hand: object
) -> None:
    body = {"on_hand": on_hand} if on_hand != 1e400 else None
    response = await (
        client.put("/v1/inventory/APPLE", json=body)
        if body
        else client.put(
            "/v1/inventory/APPLE",
            content=b'{"on_hand": 1e400}',
            headers={"Content-Type": "application/json"},
        )
    )
    assert response.status_code == 422
    assert problem(response)["kind"] == "validation-failed"
    assert problem(response)["errors"][0]["pointer"] == "#/on_hand"
    assert (await client.get("/v1/inventory/APPLE")).status_code == 404


@pytest.mark.parametrize("sku", ["-A", "A B", "A" * 65, "é"])
async def test_a_sku_of_another_form_is_refused(client: httpx.AsyncClient, sku: str) -> None:
    response = await client.put(f"/v1/inventory/{sku}", json={"on_hand": 1})
    assert response.status_code == 422
    assert problem(response)["errors"][0]["parameter"] == "sku"


@pytest.mark.parametrize("tag", ["7", "*", 'W/"1"', '"x"'])
async def test_an_etag_of_another_form_is_refused(client: httpx.AsyncClient, tag: str) -> None:
    response = await client.put(
        "/v1/inventory/APPLE", json={"on_hand": 1}, headers={"If-Match": tag}
    )
    assert response.status_code == 422
    assert problem(response)["errors"][0]["parameter"] == "If-Match"
