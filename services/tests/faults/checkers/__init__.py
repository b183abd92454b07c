"""Pure functions from the facts of a run to the first violation of an invariant, or None."""

from services.tests.faults.checkers.answers import (
    a_key_takes_one_body,
    answers_are_expected,
    repeats_get_the_first_answer,
)
from services.tests.faults.checkers.events import (
    duplicates_are_identical,
    events_are_complete,
    events_are_well_formed,
    events_arrive_in_order,
)
from services.tests.faults.checkers.facts import (
    Checker,
    Delivery,
    Facts,
    FinalOrder,
    FinalReservation,
    StockLevel,
    Violation,
    lines_of,
)
from services.tests.faults.checkers.observations import orders_never_go_back
from services.tests.faults.checkers.orders import (
    accepted_orders_exist,
    changes_were_asked_for,
    each_key_has_one_order,
    every_order_was_asked_for,
    orders_agree_with_reservations,
)
from services.tests.faults.checkers.stock import (
    no_unit_is_promised_twice,
    reservations_account_for_stock,
    stock_is_never_negative,
    units_are_conserved,
)

CHECKERS: tuple[Checker, ...] = (
    stock_is_never_negative,
    no_unit_is_promised_twice,
    units_are_conserved,
    reservations_account_for_stock,
    each_key_has_one_order,
    accepted_orders_exist,
    every_order_was_asked_for,
    orders_agree_with_reservations,
    changes_were_asked_for,
    orders_never_go_back,
    repeats_get_the_first_answer,
    a_key_takes_one_body,
    answers_are_expected,
    events_are_well_formed,
    duplicates_are_identical,
    events_arrive_in_order,
    events_are_complete,
)
"""All of them, what costs customers most first."""


def violations(facts: Facts) -> list[Violation]:
    """Return the first violation that each checker finds, in the order of `CHECKERS`."""
    return [found for checker in CHECKERS if (found := checker(facts))]


__all__ = [
    "CHECKERS",
    "Checker",
    "Delivery",
    "Facts",
    "FinalOrder",
    "FinalReservation",
    "StockLevel",
    "Violation",
    "lines_of",
    "violations",
]
