"""Both services together: an order's whole way, with real processes and a real DynamoDB Local."""

import itertools
import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx

from libs.service_kit.testing import running
from services.tests.conftest import ORDER_API, ORDER_PROCESSOR, Platform


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
    assert unknown.status_code == 422
    assert unknown.json()["type"] == "urn:granary:problem:unknown-sku"
    assert unknown.json()["sku"] == "NOTHING"

    page = platform.orders.get("/v1/orders", params={"customer_id": "ann"}).json()
    assert [listed["status"] for listed in page["orders"]] == ["REJECTED", "REJECTED", "CONFIRMED"]
    assert platform.orders.get(f"/v1/orders/{order['order_id']}").json() == order

    for _ in range(2):
        cancelled = platform.orders.post(f"/v1/orders/{order['order_id']}/cancel").json()
        assert (cancelled["status"], cancelled["stock_returned"]) == ("CANCELLED", True)
        assert platform.levels("APPLE") == (10, 0, 0)
        assert platform.levels("PEAR") == (1, 0, 0)


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


def test_an_order_placed_while_the_processor_is_away_is_settled_by_its_repeat(
    platform: Platform,
) -> None:
    platform.put_stock("FIG", 5)
    port = str(httpx.URL(platform.order_processor.url).port)
    assert platform.order_processor.stop()[0] == 0
    away = platform.place("ann", {"FIG": 2}, "away")
    assert (away.status_code, away.json()["status"]) == (201, "PENDING")
    assert platform.orders.get("/ready").json()["status"] == "degraded"
    with running(ORDER_PROCESSOR, **platform.environment, PORT=port):
        assert platform.levels("FIG") == (5, 0, 0)
        back = platform.place("ann", {"FIG": 2}, "away")
        assert (back.status_code, back.json()["status"]) == (201, "CONFIRMED")
        assert back.json()["order_id"] == away.json()["order_id"]
        assert platform.levels("FIG") == (3, 2, 0)


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
