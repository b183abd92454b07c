"""Each system gives the shop's sales in its own words, and the faults that it is to give."""

from __future__ import annotations

from collections import Counter

import pytest

from tools.dev.catalogue import load_catalogue
from tools.dev.site.rows import Fate, Given, Row
from tools.dev.site.sales import Shop, make_shop
from tools.dev.site.systems import export, tills, webshop


@pytest.fixture(scope="module")
def shop() -> Shop:
    return make_shop(load_catalogue())


def fates(given: Given) -> dict[Fate, int]:
    return {fate: given.count(fate) for fate in Fate if given.count(fate)}


def test_each_system_gives_its_sales_and_its_faults(shop: Shop) -> None:
    web, till, branch = (len(shop.of(name)) for name in ("webshop", "tills", "branch"))
    assert fates(webshop(shop)) == {Fate.CLEAN: web, Fate.UNREADABLE: 1, Fate.FAULTY: 1}
    assert fates(tills(shop)) == {Fate.CLEAN: till, Fate.UNREADABLE: 1, Fate.FAULTY: 1}
    assert fates(export(shop)) == {
        Fate.CLEAN: branch,
        Fate.REPEATED: -(-branch // 40),
        Fate.KNOWN: -(-web // 60),
        Fate.UNREADABLE: 2,
        Fate.FAULTY: 4,
    }


def test_no_fault_is_told_by_its_place(shop: Shop) -> None:
    for given in (webshop(shop), tills(shop), export(shop)):
        odd = [n for n, row in enumerate(given.rows) if row.fate is not Fate.CLEAN]
        assert odd[-1] < len(given.rows) - 10


def test_a_record_that_is_given_twice_is_collected_once(shop: Shop) -> None:
    given = export(shop)
    rows = Counter(row.record_id for row in given.rows if row.record_id)
    assert sorted(rows) == given.collected
    assert {name for name, count in rows.items() if count == 2} == set(given.named(Fate.REPEATED))


def test_what_another_source_gives_too_has_the_same_name_there(shop: Shop) -> None:
    known = export(shop).named(Fate.KNOWN)
    assert set(known) < set(webshop(shop).named(Fate.CLEAN))


def test_rows_are_counted_and_named_by_their_fate() -> None:
    given = Given(
        [Row(Fate.CLEAN, "b", {}), Row(Fate.FAULTY, "a", {}), Row(Fate.REPEATED, "b", {})]
    )
    assert given.collected == ["a", "b"]
    assert given.named(Fate.FAULTY) == ["a"]
    assert given.count(Fate.REPEATED) == 1
