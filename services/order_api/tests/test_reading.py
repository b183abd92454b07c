"""Reading and listing orders over HTTP, on a real DynamoDB Local."""

import httpx
import pytest

from libs.cursors import encode_cursor
from libs.service_kit.testing_problems import problem
from services.order_api.identifiers import new_order_id
from services.order_api.tests.helpers import ORDER, place


async def test_pages_give_every_order_of_a_customer_newest_first(
    client: httpx.AsyncClient,
) -> None:
    placed = [(await place(client)).json() for _ in range(7)]
    await place(client, {**ORDER, "customer_id": "bob"})
    seen: list[dict[str, object]] = []
    params = {"customer_id": "ann", "limit": "3"}
    for _ in range(4):
        page = (await client.get("/v1/orders", params=params)).json()
        seen += page["orders"]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    newest_first = sorted(placed, key=lambda order: str(order["order_id"]), reverse=True)
    assert seen == newest_first


async def test_a_customer_without_orders_has_an_empty_page(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/orders", params={"customer_id": "nobody"})
    assert response.json() == {"orders": [], "next_cursor": None}


@pytest.mark.parametrize("order_id", ["x", new_order_id(), "A" * 3_000, "KEY%23k", "é"])
async def test_an_unknown_order_is_not_found(client: httpx.AsyncClient, order_id: str) -> None:
    await place(client, key="k")
    for response in (
        await client.get(f"/v1/orders/{order_id}"),
        await client.post(f"/v1/orders/{order_id}/cancel"),
    ):
        assert response.status_code == 404
        assert problem(response)["kind"] == "order-not-found"


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "%00",
        "A" * 5_000,
        encode_cursor({"order_id": new_order_id()}),
        encode_cursor({"customer_id": "bob", "order_id": new_order_id()}),
        encode_cursor({"customer_id": "ann", "order_id": ""}),
        encode_cursor({"customer_id": "ann", "order_id": "z" * 1_200}),
    ],
)
async def test_a_bad_cursor_is_refused(client: httpx.AsyncClient, cursor: str) -> None:
    response = await client.get("/v1/orders", params={"customer_id": "ann", "cursor": cursor})
    assert response.status_code == 400
    assert problem(response)["kind"] == "bad-cursor"


@pytest.mark.parametrize(
    ("params", "parameter"),
    [
        ({}, "customer_id"),
        ({"customer_id": ""}, "customer_id"),
        ({"customer_id": "a b"}, "customer_id"),
        ({"customer_id": "a" * 65}, "customer_id"),
        ({"customer_id": "ann", "limit": "0"}, "limit"),
        ({"customer_id": "ann", "limit": "101"}, "limit"),
        ({"customer_id": "ann", "limit": "many"}, "limit"),
        ({"customer_id": "ann", "page": "2"}, "page"),
    ],
)
async def test_a_list_that_breaks_the_contract_is_refused(
    client: httpx.AsyncClient, params: dict[str, str], parameter: str
) -> None:
    response = await client.get("/v1/orders", params=params)
    assert response.status_code == 422
    assert problem(response)["kind"] == "validation-failed"
    assert problem(response)["errors"][0]["parameter"] == parameter
