"""The checkers take every history of a shop that makes no mistake, and reject every mistake."""

from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from services.tests.faults.checkers import CHECKERS, Facts, violations
from services.tests.faults.history import Kind
from services.tests.faults.tests.model import Shop
from services.tests.faults.tests.mutations import MUTATIONS, Mutation

_SKUS = ("APPLE", "PEAR")
_LINES = st.dictionaries(st.sampled_from(_SKUS), st.integers(1, 3), min_size=1)
_ORDERS = st.integers(0, 6).map(lambda number: f"o{number}")
_PLACE = st.tuples(
    st.just("place"), st.integers(0, 5), _LINES, st.booleans(), st.sampled_from((False, True))
)
_REPEAT = st.tuples(st.just("repeat"), st.integers(0, 5))
_CLOSE = st.tuples(st.just("close"), _ORDERS, st.sampled_from(("cancel", "ship")), st.booleans())
_OTHER = st.tuples(st.sampled_from(("settle", "expire", "read")), _ORDERS)
_LOOK = st.tuples(st.sampled_from(("read_stock",)), st.sampled_from(_SKUS))
_LIST = st.tuples(st.just("list"), st.integers(0, 5))
_STEPS = st.lists(
    st.one_of(_PLACE, _PLACE, _REPEAT, _CLOSE, _OTHER, _OTHER, _LOOK, _LIST),
    min_size=6,
    max_size=25,
)


# What becomes of one order each: whether it is away first, how much is ordered, how it ends.
_LIVES: tuple[tuple[bool, int, Kind | None], ...] = (
    (False, 2, "ship"),
    (False, 2, "cancel"),
    (True, 2, "ship"),
    (False, 2, None),
    (False, 99, None),
)


@st.composite
def valid_facts(draw: st.DrawFn, *, every_life: bool = False) -> Facts:
    """Return the facts of some steps of a shop, of which some show every kind of life if asked."""
    shop = Shop(Random(draw(st.integers(0, 999))), draw(st.sampled_from((20.0, 1e6))))
    placed: dict[int, dict[str, int]] = {}
    for sku in _SKUS:
        shop.put_stock(sku, draw(st.integers(3, 8)))
    for step in draw(_STEPS):
        _take(shop, placed, *step)
    if every_life:
        _live(shop)
    return shop.facts()


def _live(shop: Shop) -> None:
    """Let an order of each kind live, read and repeated on its way."""
    shop.put_stock("FIG", 20)
    for number, (away, units, end) in enumerate(_LIVES, start=100):
        key, customer = f"key-{number}", f"customer-{number}"
        order_id = f"o{len(shop.orders)}"
        for _ in range(2):
            shop.place(key, customer, {"FIG": units}, away=away, lost=False)
            shop.read(order_id)
            shop.settle(order_id)
        if end:
            shop.close(order_id, end, lost=False)
        for _ in range(2):
            shop.read(order_id)
            shop.list_orders(customer)
            shop.read_stock("FIG")


def _take(shop: Shop, placed: dict[int, dict[str, int]], what: str, *with_: Any) -> None:
    match what, *with_:
        case "place", number, lines, away, lost:
            placed.setdefault(number, lines)
            shop.place(f"key-{number}", f"customer-{number}", lines, away=away, lost=lost)
        case "repeat", number if number in placed:
            lines = placed[number]
            shop.place(f"key-{number}", f"customer-{number}", lines, away=False, lost=False)
        case "close", order_id, kind, lost:
            shop.close(order_id, kind, lost=lost)
        case "list", number:
            shop.list_orders(f"customer-{number}")
        case ("settle", order_id) if order_id in shop.orders:
            shop.settle(order_id)
        case (("expire" | "read" | "read_stock"), subject):
            getattr(shop, what)(subject)
        case _:
            pass


@settings(deadline=None)
@given(valid_facts() | valid_facts(every_life=True))
def test_every_checker_takes_what_a_correct_shop_did(facts: Facts) -> None:
    assert [] == violations(facts)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
@settings(
    deadline=None,
    max_examples=25,
    # Some mutations need what only some draws of theirs have.
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(facts=valid_facts(every_life=True), seed=st.integers(0, 999))
def test_the_right_checker_rejects_a_mistake(mutation: Mutation, facts: Facts, seed: int) -> None:
    broken = mutation(facts, Random(seed))
    assume(broken is not None)
    assert broken is not None
    assert MUTATIONS[mutation] in {violation.checker for violation in violations(broken)}


def test_every_checker_has_a_mistake_to_find() -> None:
    assert {checker.__name__ for checker in CHECKERS} == set(MUTATIONS.values())
