"""Reservations over HTTP, on a real DynamoDB Local: all lines or none, once for each order."""

import asyncio

import httpx
import pytest

from libs.service_kit.testing_problems import problem
from services.order_processor.tests.helpers import put_stock, reserve, stock


async def test_a_reservation_moves_the_units_of_every_line(client: httpx.AsyncClient) -> None:
    await put_stock(client, "APPLE", 7)
    await put_stock(client, "PEAR", 2)
    response = await reserve(client, "order-1", {"PEAR": 2, "APPLE": 3})
    assert response.status_code == 201
    assert response.json()["status"] == "HELD"
    assert await stock(client, "APPLE") == (4, 3, 0)
    assert await stock(client, "PEAR") == (0, 2, 0)


async def test_a_shortage_holds_nothing_and_names_the_sku(client: httpx.AsyncClient) -> None:
    await put_stock(client, "APPLE", 7)
    await put_stock(client, "PEAR", 2)
    response = await reserve(client, "order-1", {"APPLE": 3, "PEAR": 3})
    assert response.status_code == 409
    assert problem(response)["kind"] == "insufficient-stock"
    assert problem(response)["sku"] == "PEAR"
    assert await stock(client, "APPLE") == (7, 0, 0)
    assert await stock(client, "PEAR") == (2, 0, 0)


async def test_an_unknown_sku_is_named_before_a_shortage(client: httpx.AsyncClient) -> None:
    await put_stock(client, "APPLE", 1)
    response = await reserve(client, "order-1", {"APPLE": 3, "NOTHING": 1})
    assert response.status_code == 409
    assert problem(response)["kind"] == "unknown-sku"
    assert problem(response)["sku"] == "NOTHING"


async def test_the_same_lines_in_any_order_get_the_same_answer(client: httpx.AsyncClient) -> None:
    await put_stock(client, "APPLE", 7)
    await put_stock(client, "PEAR", 7)
    first = await reserve(client, "order-1", {"APPLE": 3, "PEAR": 1})
    again = await reserve(client, "order-1", {"PEAR": 1, "APPLE": 3})
    assert (again.status_code, again.json()) == (201, first.json())
    assert await stock(client, "APPLE") == (4, 3, 0)


async def test_other_lines_for_the_same_order_are_refused(client: httpx.AsyncClient) -> None:
    await put_stock(client, "APPLE", 7)
    await reserve(client, "order-1", {"APPLE": 3})
    response = await reserve(client, "order-1", {"APPLE": 4})
    assert response.status_code == 409
    assert problem(response)["kind"] == "reservation-mismatch"
    assert await stock(client, "APPLE") == (4, 3, 0)


async def test_a_refusal_stands_when_stock_arrives_later(client: httpx.AsyncClient) -> None:
    await put_stock(client, "APPLE", 1)
    first = await reserve(client, "order-1", {"APPLE": 3})
    await put_stock(client, "APPLE", 10)
    again = await reserve(client, "order-1", {"APPLE": 3})
    assert (again.status_code, problem(again)["kind"]) == (409, "insufficient-stock")
    assert problem(again)["sku"] == problem(first)["sku"]
    assert await stock(client, "APPLE") == (10, 0, 0)


async def test_duplicates_at_once_hold_the_stock_once(client: httpx.AsyncClient) -> None:
    await put_stock(client, "APPLE", 100)
    answers = await asyncio.gather(*(reserve(client, "order-1", {"APPLE": 3}) for _ in range(12)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert await stock(client, "APPLE") == (97, 3, 0)


async def test_fifty_lines_are_held_in_one_transaction(client: httpx.AsyncClient) -> None:
    lines = {f"SKU-{number:02}": 2 for number in range(50)}
    await asyncio.gather(*(put_stock(client, sku, 2) for sku in lines))
    assert (await reserve(client, "order-1", lines)).status_code == 201
    assert await stock(client, "SKU-49") == (0, 2, 0)
    short = await reserve(client, "order-2", {"SKU-07": 1})
    assert problem(short)["sku"] == "SKU-07"


LINE = {"sku": "APPLE", "quantity": 1}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"order_id": "o", "lines": [{**LINE, "quantity": 0}]}, "#/lines/0/quantity"),
        ({"order_id": "o", "lines": [{**LINE, "quantity": -1}]}, "#/lines/0/quantity"),
        ({"order_id": "o", "lines": [{**LINE, "quantity": 1.5}]}, "#/lines/0/quantity"),
        ({"order_id": "o", "lines": [{**LINE, "quantity": "1"}]}, "#/lines/0/quantity"),
        ({"order_id": "o", "lines": [{**LINE, "quantity": True}]}, "#/lines/0/quantity"),
        ({"order_id": "o", "lines": [{**LINE, "quantity": 10_001}]}, "#/lines/0/quantity"),
        ({"order_id": "o", "lines": [{**LINE, "price": 1}]}, "#/lines/0/price"),
        ({"order_id": "o", "lines": [LINE, LINE]}, "#/lines"),
        ({"order_id": "o", "lines": []}, "#/lines"),
        ({"order_id": "o", "lines": [{**LINE, "sku": f"S{n}"} for n in range(51)]}, "#/lines"),
        ({"order_id": "o", "lines": LINE}, "#/lines"),
        ({"order_id": "", "lines": [LINE]}, "#/order_id"),
        ({"order_id": "o", "lines": [LINE], "note": "x"}, "#/note"),
        ({"lines": [LINE]}, "#/order_id"),
        ([], "#"),
    ],
)
async def test_a_request_that_breaks_the_contract_is_refused_with_its_place(
    client: httpx.AsyncClient, body: object, pointer: str
) -> None:
    await put_stock(client, "APPLE", 7)
    response = await client.post("/v1/reservations", json=body)
    assert response.status_code == 422
    assert problem(response)["kind"] == "validation-failed"
    assert problem(response)["errors"][0]["pointer"] == pointer
    assert await stock(client, "APPLE") == (7, 0, 0)
