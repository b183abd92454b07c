"""Records that are refused: which row, which field, for what reason. Values are never echoed."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from libs.contracts.records import RecordIn

_MOST_OF_A_ROW = 10
"""Reasons given for one row at most, so that a hostile row does not make a huge report."""
_LONGEST_FIELD = 64


class Reject(NamedTuple):
    """One thing that is wrong with one row; a row may have several."""

    row: int
    """From 1: the record's place in the request, the line of an NDJSON file, the data row of
    another one."""
    field: str | None
    """None when it is the row as a whole."""
    code: str
    """A stable name of the reason."""
    reason: str


type Judged = RecordIn | list[Reject]


def judge(row: int, record: object) -> Judged:
    """Return the record as the contract takes it, or all that is wrong with it."""
    try:
        return RecordIn.model_validate(record)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        return [_reject(row, problem) for problem in found[:_MOST_OF_A_ROW]]
    except RecursionError:
        return [Reject(row, None, "too_deep", "The record is nested too deeply")]


def _reject(row: int, problem: Mapping[str, Any]) -> Reject:
    # A price without its currency is no one field's fault; its report names the price.
    if problem["type"] == "price_currency":
        return Reject(row, "price", "price_currency", "price and currency go together")
    place = problem["loc"]
    field = str(place[0])[:_LONGEST_FIELD] if place else None
    if field is not None:
        field = field.encode("utf-8", "replace").decode()
    return Reject(row, field, str(problem["type"]), str(problem["msg"]))


def unknown_unit(row: int) -> Reject:
    """The unit is none that is known."""
    return Reject(
        row, "unit", "unknown_unit", "No such unit is known; normalise_units may define it"
    )


def no_rate(row: int) -> Reject:
    """The currency cannot be converted."""
    return Reject(row, "currency", "no_rate", "There is no rate for this currency")


def price_too_high(row: int) -> Reject:
    """The converted price does not fit."""
    return Reject(row, "price", "price_range", "The converted price has more than 12 digits")


def quantity_too_large(row: int) -> Reject:
    """The converted quantity does not fit."""
    return Reject(
        row, "quantity", "quantity_range", "The quantity in base units is beyond 1000000000"
    )


def beyond_calendar(row: int) -> Reject:
    """The moment is at an end of the calendar, where other zones have none for it."""
    return Reject(row, "occurred_at", "time_range", "The time is not in the years 2 to 9998 of UTC")
