"""The plain version does what the platform's endpoint does, so that comparing them is fair."""

import json
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import aiohttp
import pytest

from libs.dynamo import Dynamo
from tools.bench.orders.database import Stored, connected, make_tables, stored
from tools.bench.orders.variants import PLAIN, PLATFORM, Running, running
from tools.dynamodb_local.server import start

FIELDS = {
    "order_id",
    "customer_id",
    "status",
    "lines",
    "rejection",
    "rejected_sku",
    "cancel_reason",
    "created_at",
    "updated_at",
}


@dataclass
class System:
    """A running order system, its tables, and a client."""

    running: Running
    dynamo: Dynamo
    tables: Mapping[str, str]
    session: aiohttp.ClientSession

    async def place(self, sku: str, key: str, quantity: int = 2) -> tuple[int, str]:
        """Place an order of one line; return the status and the body."""
        body = {"customer_id": "ann", "lines": [{"sku": sku, "quantity": quantity}]}
        headers = {"Idempotency-Key": key}
        async with self.session.post(
            f"{self.running.url}/v1/orders", json=body, headers=headers
        ) as answer:
            return answer.status, await answer.text()

    async def stored(self) -> Stored:
        """Return what is in the tables."""
        return await stored(self.dynamo, self.tables)


@pytest.fixture(scope="module", params=[PLATFORM, PLAIN], ids=lambda variant: variant.name)
async def system(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[System]:
    """Each of both, with stock of one SKU."""
    logs = tmp_path_factory.mktemp("logs")
    with start() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "local")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "local")
        async with connected(server.endpoint) as dynamo, aiohttp.ClientSession() as session:
            tables = await make_tables(dynamo, "bench")
            async with running(
                request.param, endpoint=server.endpoint, tables=tables, logs=logs
            ) as services:
                await services.set_stock(["cup"])
                yield System(services, dynamo, tables, session)


async def test_a_repeated_order_gets_the_first_answer_and_is_stored_once(system: System) -> None:
    key = secrets.token_hex(8)
    before = await system.stored()

    first, again = await system.place("cup", key), await system.place("cup", key)

    after = await system.stored()
    assert first == again
    assert first[0] == 201
    assert (1, 1, 2, 2) == (
        after.confirmed - before.confirmed,
        after.held - before.held,
        after.reserved - before.reserved,
        after.order_events - before.order_events,
    )


async def test_another_order_with_the_same_key_is_refused(system: System) -> None:
    key = secrets.token_hex(8)
    await system.place("cup", key)

    status, _ = await system.place("cup", key, quantity=3)

    assert status == 422


async def test_an_order_without_stock_is_refused_and_holds_nothing(system: System) -> None:
    before = await system.stored()

    status, _ = await system.place("nothing", secrets.token_hex(8))

    after = await system.stored()
    assert status == 409
    assert (before.confirmed, before.held, before.reserved) == (
        after.confirmed,
        after.held,
        after.reserved,
    )
    assert after.order_events == before.order_events + 2


async def test_a_bad_body_is_refused(system: System) -> None:
    assert (await system.place("cup", "key", quantity=0))[0] == 422


async def test_both_answer_with_the_same_fields(system: System) -> None:
    _, body = await system.place("cup", secrets.token_hex(8))

    assert FIELDS == set(json.loads(body))
