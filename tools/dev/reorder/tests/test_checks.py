"""What differs from what the site made is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tools.dev.invariants import Invariant
from tools.dev.reorder.advising import HORIZON_DAYS, Forecast
from tools.dev.reorder.checks import (
    cleaning_invariants,
    collection_invariants,
    forecast_invariant,
    truth,
    units_sold,
)
from tools.dev.reorder.cleaning import Cleaned
from tools.dev.reorder.collecting import Collected
from tools.dev.reorder.jobs import Collection
from tools.dev.site.rows import Fate
from tools.dev.site.sales import FIRST_DAY, make_shop

SHOP = make_shop({"coffee-1kg": 5000, "enamel-mug": 3500})
GIVEN = truth(SHOP)
FAULTY = sorted(name for given in GIVEN.values() for name in given.named(Fate.FAULTY))
KNOWN = GIVEN["branch"].count(Fate.KNOWN)
CLEANED = Cleaned(units_sold(SHOP), 100, KNOWN, FAULTY)
GOOD = Forecast("mug", [1.0] * HORIZON_DAYS, reorder_point=20)


def branch(**changes: Any) -> Collected:
    given = GIVEN["branch"]
    records = [{"record_id": name} for name in given.collected]
    whole = Collected(
        Collection("branch", "file", {}),
        {"stored": len(records), "rejected": 2},
        records,
        [{"position": "line 7"}, {"position": "line 9"}],
        said="",
    )
    return replace(whole, **changes)


def faults(invariants: list[Invariant]) -> list[str]:
    return [fault for invariant in invariants for fault in invariant.faults]


def test_what_is_as_the_site_made_it_has_no_faults() -> None:
    assert faults(collection_invariants([branch()], GIVEN)) == []
    assert faults(cleaning_invariants(CLEANED, SHOP, GIVEN)) == []
    assert forecast_invariant([GOOD], ["mug"]).faults == []


def test_a_lost_and_a_doubled_record_are_named() -> None:
    good = branch().records
    lost = branch(records=good[1:])
    assert faults(collection_invariants([lost], GIVEN)) == [
        f"branch: {good[0]['record_id']} is missing",
        f"branch: {len(good)} stored, {len(good) - 1} downloaded",
    ]
    doubled = branch(records=[*good, good[0]])
    assert faults(collection_invariants([doubled], GIVEN)) == [
        f"branch: {good[0]['record_id']} came 1 times too often",
        f"branch: {len(good)} stored, {len(good) + 1} downloaded",
    ]


@pytest.mark.parametrize("rejected", [1, 3])
def test_a_row_that_was_refused_twice_or_not_at_all_is_named(rejected: int) -> None:
    job = {**branch().job, "rejected": rejected}
    assert faults(collection_invariants([branch(job=job)], GIVEN)) == [
        f"branch: {rejected} rows were refused, at line 7, line 9; 2 are no records"
    ]


def test_a_token_in_an_answer_is_found_and_not_repeated() -> None:
    leaking = branch(said='{"sku":"Bearer webshop_0123456789abcdef"}')
    assert faults(collection_invariants([leaking], GIVEN)) == ["branch: an answer holds the token"]
    named = branch(said='{"auth":{"secret":"webshop-token"},"source":"webshop"}')
    assert faults(collection_invariants([named], GIVEN)) == []


def test_a_record_that_was_rejected_without_need_is_named() -> None:
    cleaned = replace(CLEANED, rejected=[*FAULTY, "till/1"])
    assert faults(cleaning_invariants(cleaned, SHOP, GIVEN)) == [
        "rejects: till/1 came 1 times too often"
    ]


def test_a_sale_that_was_counted_twice_is_seen() -> None:
    cleaned = replace(CLEANED, duplicates=KNOWN - 1)
    assert faults(cleaning_invariants(cleaned, SHOP, GIVEN)) == [f"{KNOWN - 1} were, not {KNOWN}"]


def test_units_that_differ_in_the_last_digit_are_named() -> None:
    sold = {sku: dict(days) for sku, days in units_sold(SHOP).items()}
    right = sold["coffee-1kg"][FIRST_DAY]
    sold["coffee-1kg"][FIRST_DAY] += Decimal("0.000001")
    sold["tea"] = {FIRST_DAY + timedelta(1): Decimal(1)}
    assert faults(cleaning_invariants(replace(CLEANED, sold=sold), SHOP, GIVEN)) == [
        f"coffee-1kg on 2026-01-26: {right + Decimal('0.000001')} units, sold were {right}",
        "tea on 2026-01-27: 1 units, sold were 0",
    ]


@pytest.mark.parametrize(
    "forecast",
    [
        replace(GOOD, units=[1.0]),
        replace(GOOD, units=[float("nan")] * HORIZON_DAYS),
        replace(GOOD, units=[-1.0] * HORIZON_DAYS),
        replace(GOOD, reorder_point=-1),
    ],
)
def test_a_forecast_that_is_of_no_use_is_named(forecast: Forecast) -> None:
    (fault,) = forecast_invariant([forecast], ["mug"]).faults
    assert fault.startswith("mug: [")


def test_a_missing_forecast_is_named() -> None:
    assert forecast_invariant([GOOD], ["kettle", "mug"]).faults == ["forecasts: kettle is missing"]
