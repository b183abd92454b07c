"""Both services together: an order's whole way, with real processes and a real DynamoDB Local."""

import itertools
import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest

from libs.service_kit.testing import Service, running
from services.tests.conftest import (
    BRISK,
    ORDER_API,
    ORDER_PROCESSOR,
    Platform,
    running_platform,
)

KILLED = 137


def port_of(service: Service) -> str:
    return str(httpx.URL(service.url).port)


def test_the_main_path(platform: Platform) -> None:
    platform.put_stock("APPLE", 10)
    platform.put_stock("PEAR", 1)

    placed = platform.place("ann", {"APPLE": 4, "PEAR": 1}, "main-1")
    assert placed.status_code == 201
    order = placed.json()
    assert order["status"] == "CONFIRMED"
    assert platform.levels("APPLE") == (6, 4, 0)
    assert platform.levels("PEAR") == (0, 1, 0)

    again = platform.place("ann", {"APPLE": 4, "PEAR": 1}, "main-1")
    assert again.json() == order
    assert platform.levels("APPLE") == (6, 4, 0)

    short = platform.place("ann", {"APPLE": 1, "PEAR": 1}, "main-2")
    assert short.status_code == 409
    assert short.json()["type"] == "urn:granary:problem:insufficient-stock"
    assert short.json()["sku"] == "PEAR"
    assert platform.levels("APPLE") == (6, 4, 0)

    unknown = platform.place("ann", {"NOTHING": 1}, "main-3")
    assert unknown.status_code == 409
    assert unknown.json()["type"] == "urn:granary:problem:unknown-sku"
    assert unknown.json()["sku"] == "NOTHING"

    page = platform.orders.get("/v1/orders", params={"customer_id": "ann"}).json()
    assert [listed["status"] for listed in page["orders"]] == ["REJECTED", "REJECTED", "CONFIRMED"]
    assert platform.orders.get(f"/v1/orders/{order['order_id']}").json() == order

    for _ in range(2):
        cancelled = platform.orders.post(f"/v1/orders/{order['order_id']}/cancel").json()
        assert cancelled["status"] == "CANCELLED"
        assert platform.levels("APPLE") == (10, 0, 0)
        assert platform.levels("PEAR") == (1, 0, 0)

    other = platform.place("ann", {"APPLE": 3}, "main-4").json()
    for _ in range(2):
        shipped = platform.orders.post(f"/v1/orders/{other['order_id']}/ship").json()
        assert shipped["status"] == "SHIPPED"
        assert platform.levels("APPLE") == (7, 0, 3)


def test_both_are_ready_and_log_one_request_under_one_id(platform: Platform) -> None:
    for client in (platform.stock, platform.orders):
        assert client.get("/ready").json()["status"] == "ready"
    platform.put_stock("PLUM", 1)
    headers = {"Idempotency-Key": "traced", "X-Request-ID": "trace-both"}
    body = {"customer_id": "ann", "lines": [{"sku": "PLUM", "quantity": 1}]}
    platform.orders.post("/v1/orders", json=body, headers=headers).raise_for_status()
    for service in (platform.order_api, platform.order_processor):
        assert service.stop() == (0, "")
        lines = [line for line in service.lines if line.get("request_id") == "trace-both"]
        assert [(line["event"], line.get("status")) for line in lines] == [("request", 201)], lines


def test_an_order_placed_while_the_processor_is_away_is_settled_when_it_is_back(
    brisk: Platform,
) -> None:
    brisk.put_stock("FIG", 5)
    assert brisk.order_processor.stop()[0] == 0
    away = brisk.place("ann", {"FIG": 2}, "away")
    assert (away.status_code, away.json()["status"]) == (201, "PENDING")
    assert brisk.orders.get("/ready").json()["status"] == "degraded"
    # order_api does not know this one, so nothing is settled while it is asked.
    with (
        running(ORDER_PROCESSOR, **brisk.environment) as unknown,
        httpx.Client(base_url=unknown.url, timeout=90) as stock,
    ):
        assert replace(brisk, stock=stock).levels("FIG") == (5, 0, 0)
    with running(ORDER_PROCESSOR, **brisk.environment, PORT=port_of(brisk.order_processor)):
        assert brisk.settled(away.headers["location"])["status"] == "CONFIRMED"
        assert brisk.levels("FIG") == (3, 2, 0)
        assert brisk.place("ann", {"FIG": 2}, "away").content == away.content


@pytest.mark.parametrize("point", ["order-written", "stock-asked", "order-answered"])
def test_an_order_api_that_dies_on_the_way_loses_and_doubles_nothing(
    brisk: Platform, point: str
) -> None:
    sku = f"DATE-{point}"
    brisk.put_stock(sku, 5)
    with pytest.raises(httpx.TransportError):
        brisk.place(point, {sku: 2}, point, {"X-Failure": f"crash@{point}"})
    assert brisk.order_api.end()[0] == KILLED
    environment = brisk.order_api_environment | {"PORT": port_of(brisk.order_api)}
    with running(ORDER_API, **environment):
        listed = brisk.orders.get("/v1/orders", params={"customer_id": point}).json()
        (location,) = [f"/v1/orders/{order['order_id']}" for order in listed["orders"]]
        assert brisk.settled(location)["status"] == "CONFIRMED"
        repeated = brisk.patiently_place(point, {sku: 2}, point)
        assert (repeated.status_code, repeated.json()["status"]) == (201, "CONFIRMED")
        assert repeated.headers["location"] == location
        assert brisk.levels(sku) == (3, 2, 0)


@pytest.mark.parametrize("how", ["ship", "cancel"])
def test_an_order_api_that_dies_after_the_stock_moved_follows_it_later(
    brisk: Platform, how: str
) -> None:
    brisk.put_stock(f"LIME-{how}", 5)
    location = brisk.place("ann", {f"LIME-{how}": 2}, how).headers["location"]
    with pytest.raises(httpx.TransportError):
        brisk.orders.post(f"{location}/{how}", headers={"X-Failure": "crash@stock-asked"})
    environment = brisk.order_api_environment | {"PORT": port_of(brisk.order_api)}
    with running(ORDER_API, **environment):
        ended = {"ship": "SHIPPED", "cancel": "CANCELLED"}[how]
        assert brisk.reached(location, ended)["status"] == ended
        assert brisk.levels(f"LIME-{how}") == {"ship": (3, 0, 2), "cancel": (5, 0, 0)}[how]


@pytest.mark.parametrize("point", ["stock-held", "stock-moved"])
def test_an_order_processor_that_dies_on_the_way_moves_stock_once(
    brisk: Platform, point: str
) -> None:
    brisk.put_stock(f"PLUM-{point}", 5)
    body = {"order_id": point, "lines": [{"sku": f"PLUM-{point}", "quantity": 2}]}
    crash = {"X-Failure": f"crash@{point}"}
    with pytest.raises(httpx.TransportError):
        brisk.stock.post("/v1/reservations", json=body, headers=crash)
        brisk.stock.delete(f"/v1/reservations/{point}", headers=crash)
    assert brisk.order_processor.end()[0] == KILLED
    with running(ORDER_PROCESSOR, **brisk.environment, PORT=port_of(brisk.order_processor)):
        if point == "stock-held":
            assert brisk.stock.post("/v1/reservations", json=body).status_code == 201
            assert brisk.levels(f"PLUM-{point}") == (3, 2, 0)
        assert brisk.stock.delete(f"/v1/reservations/{point}").status_code == 200
        assert brisk.levels(f"PLUM-{point}") == (5, 0, 0)


def test_an_order_that_is_neither_shipped_nor_cancelled_gives_its_stock_back(
    environment: dict[str, str],
) -> None:
    environment = environment | BRISK | {"RESERVATION_LIFETIME_SECONDS": "1"}
    with running_platform(environment) as platform:
        platform.put_stock("SLOE", 5)
        placed = platform.place("ann", {"SLOE": 2}, "expires")
        assert placed.json()["status"] == "CONFIRMED"
        order = platform.reached(placed.headers["location"], "CANCELLED")
        assert order["cancel_reason"] == "expired"
        assert platform.levels("SLOE") == (5, 0, 0)


def test_contended_stock_is_never_oversold(platform: Platform) -> None:
    initial = {f"HOT-{number}": 30 for number in range(3)}
    for sku, units in initial.items():
        platform.put_stock(sku, units)
    # Seeded, so that every run places the same orders.
    dice = random.Random(7)
    wanted = [
        {sku: dice.randint(1, 3) for sku in dice.sample(sorted(initial), dice.randint(1, 3))}
        for _ in range(80)
    ]
    wanted += wanted[:20]  # repeats with the same key, at once
    keys = [f"hot-{number % 80}" for number in range(100)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(platform.place, ["ann"] * 100, wanted, keys))
    assert {answer.status_code for answer in answers} == {201, 409}
    # Repeats that met the first attempt at work were told to come again, and do.
    answers = [
        answer if answer.status_code == 201 else platform.place("ann", lines, key)
        for answer, lines, key in zip(answers, wanted, keys, strict=True)
    ]
    confirmed = {
        answer.json()["order_id"]: lines
        for answer, lines in zip(answers, wanted, strict=True)
        if answer.status_code == 201
    }
    assert {answer.json()["status"] for answer in answers if answer.status_code == 201} == {
        "CONFIRMED"
    }
    for sku, units in initial.items():
        on_hand, reserved, sold = platform.levels(sku)
        assert on_hand >= 0
        assert on_hand + reserved + sold == units
        assert reserved == sum(lines.get(sku, 0) for lines in confirmed.values())


def test_a_stop_under_load_answers_every_request(platform: Platform) -> None:
    """Clients send on until an answer tells them to let go, as a load balancer does on /ready."""
    platform.put_stock("LIME", 100_000)
    environment = platform.environment | {
        # Long enough for every client to be told.
        "DRAIN_DELAY_SECONDS": "1.5",
        "ORDER_PROCESSOR_URL": platform.order_processor.url,
    }
    answers: list[int] = []

    def place_until_told_to_stop(stopping: Platform, worker: int) -> None:
        for number in itertools.count():
            answer = stopping.place("ann", {"LIME": 1}, f"stop-{worker}-{number}")
            answers.append(answer.status_code)
            if answer.headers.get("connection") == "close":
                return

    with (
        running(ORDER_API, **environment) as order_api,
        httpx.Client(base_url=order_api.url, timeout=90) as client,
        ThreadPoolExecutor(4) as pool,
    ):
        stopping = replace(platform, orders=client)
        workers = [pool.submit(place_until_told_to_stop, stopping, worker) for worker in range(4)]
        while len(answers) < 20:
            assert not any(worker.done() for worker in workers)
            time.sleep(0.01)
        assert order_api.stop() == (0, "")
        for worker in workers:
            worker.result()  # raises when a request had no answer
    assert set(answers) == {201}
    on_hand, reserved, _ = platform.levels("LIME")
    assert (on_hand, reserved) == (100_000 - len(answers), len(answers))
