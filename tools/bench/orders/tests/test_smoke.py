"""Both order systems under both loads, shortly: what they answer is what they stored."""

import os
from pathlib import Path

from tools.bench.orders.database import Stored
from tools.bench.orders.measuring import measure
from tools.bench.orders.run import Options


async def test_both_systems_store_every_order_and_a_profile_is_taken(tmp_path: Path) -> None:
    said: list[str] = []
    options = Options(rate=20, clients=4, seconds=2, warm_up=0.5, rounds=1, profile="order_api")
    allowed = os.sched_getaffinity(0)

    measured = await measure(options, folder=tmp_path, say=said.append)

    # The run itself compares the answers with the tables.
    assert [] == measured.problems
    assert {"platform", "plain"} == measured.fixed_rate.keys() == measured.full_load.keys()
    for (each,) in measured.fixed_rate.values():
        assert (40, 0) == (each.orders, each.errors)
        assert 0 < each.p50_ms <= each.p95_ms <= each.p99_ms
        assert all(cpu > 0 for cpu in each.cpu_ms.values())
    for (full,) in measured.full_load.values():
        # No fixed rate: as many as there is time for.
        assert full.orders > 40
        assert full.errors == 0
        assert all(cpu > 0 for cpu in full.cpu_ms.values())
    assert measured.profile
    assert any("order_api" in str(stack) for _, stack in measured.profile.samples)
    assert len(said) == 5
    assert allowed == os.sched_getaffinity(0)


def test_an_order_that_is_not_stored_is_a_problem() -> None:
    complete = Stored(3, 3, 3, 6, 6, 3)
    assert [] == complete.problems(orders=3, lines=2)
    assert complete.problems(orders=4, lines=2)
    assert Stored(3, 3, 3, 6, 5, 3).problems(orders=3, lines=2)
