"""Bad input is refused with its place, and leaves no order behind."""

from collections.abc import AsyncIterator

import httpx
import pytest

from libs.service_kit.testing_problems import problem
from services.order_api.tests.helpers import ORDER, place

LINE = {"sku": "APPLE", "quantity": 1}
JSON = {"Content-Type": "application/json"}


def order(*lines: object, **more: object) -> dict[str, object]:
    return {"customer_id": "ann", "lines": list(lines), **more}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (order({**LINE, "quantity": 0}), "#/lines/0/quantity"),
        (order({**LINE, "quantity": -3}), "#/lines/0/quantity"),
        (order({**LINE, "quantity": 1.5}), "#/lines/0/quantity"),
        (order({**LINE, "quantity": 10_001}), "#/lines/0/quantity"),
        (order({**LINE, "quantity": 10**400}), "#/lines/0/quantity"),
        (order({**LINE, "quantity": "1"}), "#/lines/0/quantity"),
        (order({**LINE, "quantity": True}), "#/lines/0/quantity"),
        (order({**LINE, "quantity": None}), "#/lines/0/quantity"),
        (order({"sku": "APPLE"}), "#/lines/0/quantity"),
        (order(LINE, {**LINE, "sku": 7}), "#/lines/1/sku"),
        (order({**LINE, "sku": ""}), "#/lines/0/sku"),
        (order({**LINE, "sku": "a\nb"}), "#/lines/0/sku"),
        (order({**LINE, "sku": "A" * 65}), "#/lines/0/sku"),
        (order({**LINE, "sku": "\ud800"}), "#/lines/0/sku"),
        (order({**LINE, "price": 1}), "#/lines/0/price"),
        (order({**LINE, "a/b~c d": 1}), "#/lines/0/a~1b~0c%20d"),
        (order({**LINE, "\ud800": 1}), "#/lines/0"),
        (order(LINE, {**LINE, "quantity": 2}), "#/lines"),
        (order(), "#/lines"),
        (order(*({"sku": f"S{n}", "quantity": 1} for n in range(51))), "#/lines"),
        ({"customer_id": "ann", "lines": LINE}, "#/lines"),
        ({"customer_id": "ann"}, "#/lines"),
        ({"customer_id": 7, "lines": [LINE]}, "#/customer_id"),
        ({"customer_id": "", "lines": [LINE]}, "#/customer_id"),
        ({"lines": [LINE]}, "#/customer_id"),
        (order(LINE, status="CONFIRMED"), "#/status"),
        ([], "#"),
        ("order", "#"),
        (None, "#"),
    ],
)
async def test_an_order_that_breaks_the_contract_is_refused_with_its_place(
    refusing: httpx.AsyncClient, body: object, pointer: str
) -> None:
    response = await place(refusing, body)
    assert response.status_code == 422
    assert problem(response)["kind"] == "validation-failed"
    assert problem(response)["errors"][0]["pointer"] == pointer


async def test_fifty_skus_are_taken(client: httpx.AsyncClient) -> None:
    lines = [{"sku": f"S{number}", "quantity": 10_000} for number in range(50)]
    assert (await place(client, order(*lines))).status_code == 201


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b'{"customer_id": "ann",}', b"[" * 100_000, b"1" * 5_000, b"NaN,"],
)
async def test_a_body_that_is_not_json_is_refused(
    refusing: httpx.AsyncClient, content: bytes
) -> None:
    headers = {"Idempotency-Key": "k", **JSON}
    response = await refusing.post("/v1/orders", content=content, headers=headers)
    assert response.status_code in (400, 422)
    assert problem(response)["kind"] == ("malformed-body" if content else "validation-failed")


@pytest.mark.parametrize("media_type", [None, "text/plain", "application/x-www-form-urlencoded"])
async def test_a_body_of_another_type_is_refused(
    refusing: httpx.AsyncClient, media_type: str | None
) -> None:
    headers = {"Idempotency-Key": "k"} | ({"Content-Type": media_type} if media_type else {})
    response = await refusing.post("/v1/orders", content=b"{}", headers=headers)
    assert response.status_code == 415
    assert problem(response)["kind"] == "unsupported-media-type"


async def _chunks() -> AsyncIterator[bytes]:
    for _ in range(100):
        yield b" " * 10_000


@pytest.mark.parametrize("declared", [True, False])
async def test_a_megabyte_is_refused_with_or_without_a_declared_length(
    refusing: httpx.AsyncClient, declared: bool
) -> None:
    content = b" " * 1_000_000 if declared else _chunks()
    headers = {"Idempotency-Key": "k", **JSON}
    response = await refusing.post("/v1/orders", content=content, headers=headers)
    assert response.status_code == 413
    assert problem(response)["kind"] == "body-too-large"
    assert problem(response)["max_bytes"] == 256_000


@pytest.mark.parametrize("key", [None, "", "a b", "é".encode(), "k" * 256, "a\tb"])
async def test_a_missing_or_bad_key_is_refused(
    refusing: httpx.AsyncClient, key: str | bytes | None
) -> None:
    headers = [] if key is None else [("Idempotency-Key", key)]
    response = await refusing.post("/v1/orders", json=ORDER, headers=headers)  # type: ignore[arg-type]
    assert response.status_code == 422
    assert problem(response)["errors"][0]["in"] == "header"
    assert problem(response)["errors"][0]["parameter"] == "Idempotency-Key"


async def test_a_key_of_255_characters_is_taken(client: httpx.AsyncClient) -> None:
    assert (await place(client, key="~" * 255)).status_code == 201


async def test_a_refusal_never_echoes_what_was_sent(refusing: httpx.AsyncClient) -> None:
    response = await place(refusing, order({**LINE, "quantity": "hunter2-secret"}))
    assert "hunter2" not in response.text


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/", 404, "route-not-found"),
        ("GET", "/v1/orders/", 404, "route-not-found"),
        ("GET", "/docs", 404, "route-not-found"),
        ("DELETE", "/v1/orders", 405, "method-not-allowed"),
        ("PUT", "/health", 405, "method-not-allowed"),
    ],
)
async def test_the_frameworks_refusals_are_problems(
    refusing: httpx.AsyncClient, method: str, path: str, status: int, kind: str
) -> None:
    response = await refusing.request(method, path)
    assert response.status_code == status
    assert problem(response)["kind"] == kind
    assert (status == 405) == ("allow" in response.headers)
