"""The shop's sales are the same every time, and enough to forecast from."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tools.dev.catalogue import load_catalogue
from tools.dev.site.sales import ABROAD, DAYS, FIRST_DAY, HOME, Sale, Shop, make_shop


@pytest.fixture(scope="module")
def shop() -> Shop:
    return make_shop(load_catalogue())


def sale(quantity: str, unit: str, moment: datetime = datetime(2026, 2, 1, tzinfo=UTC)) -> Sale:
    return Sale("r", "branch", "mug", Decimal(quantity), unit, Decimal(1), "EUR", moment)


def test_a_seed_always_gives_the_same_sales() -> None:
    """Of three SKUs: what Python draws must not depend on its version."""
    made = make_shop({"coffee-1kg": 5000, "enamel-mug": 3500, "kettle": 500})
    digest = hashlib.sha256(repr(made).encode()).hexdigest()
    assert digest == "85487f70603cbf15813ac3f530177a72b5cb70c7157ccf4c315e8def981b8264"
    assert made != make_shop({"coffee-1kg": 5000, "enamel-mug": 3500, "kettle": 500}, seed=2)


def test_every_sku_has_sales_over_all_the_days(shop: Shop) -> None:
    for sku in load_catalogue():
        days = {one.day for one in shop.sales if one.sku == sku}
        assert min(days) >= FIRST_DAY
        assert max(days) < FIRST_DAY + timedelta(DAYS)
        assert len(days) > DAYS / 2
    assert {one.day for one in shop.sales} == {FIRST_DAY + timedelta(n) for n in range(DAYS)}


def test_all_sources_units_and_currencies_occur(shop: Shop) -> None:
    assert {(one.source, one.unit, one.currency) for one in shop.sales} == {
        ("webshop", "each", "EUR"),
        ("tills", "each", "EUR"),
        ("branch", "each", "GBP"),
        ("branch", "dozen", "GBP"),
        ("branch", "lb", "GBP"),
    }


def test_names_are_given_once(shop: Shop) -> None:
    assert len({one.record_id for one in shop.sales}) == len(shop.sales)


def test_some_sales_are_on_another_day_in_utc(shop: Shop) -> None:
    """Else nothing would tell a count by the shop's days from one by those of UTC."""
    assert any(one.moment.astimezone(UTC).date() != one.day for one in shop.sales)


def test_clocks_abroad_showed_every_time_once(shop: Shop) -> None:
    local = [one.moment for one in shop.sales if one.moment.tzinfo is ABROAD]
    assert local
    assert all(moment.astimezone(UTC).astimezone(ABROAD) == moment for moment in local)


def test_units_are_exact() -> None:
    assert sale("26", "lb").units == Decimal("11.793402")
    assert sale("4.5", "dozen").units == 54
    assert sale("3", "each").units == 3


def test_the_shop_counts_by_its_own_days() -> None:
    assert sale("1", "each", datetime(2026, 2, 1, 23, 30, tzinfo=UTC)).day == date(2026, 2, 2)
    assert sale("1", "each", datetime(2026, 2, 1, 0, 10, tzinfo=HOME)).day == date(2026, 2, 1)


def test_each_sku_has_a_promotion_in_the_past_and_one_planned(shop: Shop) -> None:
    end = FIRST_DAY + timedelta(DAYS)
    for days in shop.promotions.values():
        assert [day < end for day in days] == [True] * 4 + [False] * 4
