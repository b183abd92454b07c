"""Whatever is asked at once, no unit is promised twice and none is lost."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import HttpUrl

from libs.dynamo.testing import fresh_tables
from services.order_processor.settings import Settings
from services.order_processor.tables import TABLES
from services.order_processor.tests.conftest import serving
from services.order_processor.tests.helpers import put_stock, reserve, stock

SKUS = ("APPLE", "PEAR", "PLUM")
levels = st.fixed_dictionaries({sku: st.integers(0, 12) for sku in SKUS})
orders = st.lists(
    st.dictionaries(st.sampled_from(SKUS), st.integers(1, 6), min_size=1), min_size=1, max_size=14
)


@pytest.mark.parametrize("duplicates", [1, 2])
@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(initial=levels, wanted=orders, released=st.sets(st.integers(0, 13)))
async def test_concurrent_reservations_and_releases_keep_every_unit(
    dynamodb: str,
    duplicates: int,
    initial: dict[str, int],
    wanted: list[dict[str, int]],
    released: set[int],
) -> None:
    async with fresh_tables(dynamodb, TABLES) as (_, names):
        service = Settings(
            dynamodb_endpoint=HttpUrl(dynamodb),
            inventory_table=names["inventory"],
            reservations_table=names["reservations"],
            stock_events_table=names["stock_events"],
        )
        async with serving(service) as client:
            for sku, units in initial.items():
                await put_stock(client, sku, units)
            answers = await asyncio.gather(
                *(
                    reserve(client, f"order-{number}", lines)
                    for number, lines in enumerate(wanted)
                    for _ in range(duplicates)
                )
            )
            assert {answer.status_code for answer in answers} <= {201, 409}
            held = {
                answer.json()["order_id"]: wanted[index // duplicates]
                for index, answer in enumerate(answers)
                if answer.status_code == 201
            }
            gone = [order_id for order_id in held if int(order_id[6:]) in released]
            await asyncio.gather(
                *(client.delete(f"/v1/reservations/{order_id}") for order_id in gone * duplicates)
            )
            for order_id in gone:
                del held[order_id]
            for sku, units in initial.items():
                on_hand, reserved, sold = await stock(client, sku)
                assert on_hand >= 0
                assert on_hand + reserved + sold == units
                assert reserved == sum(lines.get(sku, 0) for lines in held.values())
