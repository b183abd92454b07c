"""Groups of records: counts, quantities and amounts, in sums that are exact in any order."""

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from typing import Any, NamedTuple

from libs.contracts.models import ResponseModel
from libs.contracts.records import BaseUnit, Currency, Kind
from libs.service_kit import ProblemError
from services.data_processor.moments import Size, window_start, zone
from services.data_processor.pipeline import Aggregate
from services.data_processor.prices import MICROS
from services.data_processor.problems import TOO_MANY_GROUPS


class Group(ResponseModel):
    """Records of one kind, unit and currency, put together."""

    window_start: datetime | None
    """In UTC; null without a window."""
    source: str | None
    """Null when not asked to be told apart."""
    sku: str | None
    kind: Kind
    unit: BaseUnit
    currency: Currency | None
    records: int
    quantity: float
    """The sum, to six decimals."""
    minimum: float
    maximum: float
    amount: str | None
    """The sum of price times quantity, to six decimals; null for records without prices."""


class Key(NamedTuple):
    """What the records of a group have in common."""

    window_start: datetime | None
    source: str | None
    sku: str | None
    kind: str
    unit: str
    currency: str | None


class Share(NamedTuple):
    """What records add to a group. Quantities are in millionths, amounts in their squares."""

    records: int
    quantity: int
    minimum: int
    maximum: int
    amount: int

    def with_(self, other: "Share") -> "Share":
        """Return both together."""
        return Share(
            self.records + other.records,
            self.quantity + other.quantity,
            min(self.minimum, other.minimum),
            max(self.maximum, other.maximum),
            self.amount + other.amount,
        )


class Grouping(NamedTuple):
    """By what records are put together."""

    source: bool
    sku: bool
    size: Size | None
    local: tzinfo

    @classmethod
    def of(cls, step: Aggregate) -> "Grouping":
        """Return what a step asks for."""
        window = step.window
        return cls(
            source="source" in step.by,
            sku="sku" in step.by,
            size=window.size if window else None,
            local=zone(window.time_zone) if window else UTC,
        )

    def start(self, moment: datetime) -> datetime | None:
        """Return the start of a moment's window; None when there are no windows."""
        return window_start(moment, self.size, self.local) if self.size else None


class Groups:
    """The groups of a run."""

    def __init__(self, grouping: Grouping, *, most: int) -> None:
        self.grouping = grouping
        self._most = most
        self._shares: dict[Key, Share] = {}

    def add(self, shares: Iterable[tuple[Key, Share]]) -> None:
        """Put records to their groups. Raise ProblemError when there are too many groups."""
        held = self._shares
        for key, share in shares:
            known = held.get(key)
            held[key] = known.with_(share) if known else share
        if len(held) > self._most:
            raise ProblemError(
                TOO_MANY_GROUPS,
                f"aggregate makes at most {self._most} groups; use fewer keys or longer windows",
                max_groups=self._most,
            )

    def rows(self) -> list[dict[str, Any]]:
        """Return the groups, sorted by their keys, as `Group` has them."""
        ordered = sorted(
            self._shares.items(),
            key=lambda item: tuple((part is not None, part) for part in item[0]),
        )
        return [
            {
                **key._asdict(),
                "records": share.records,
                "quantity": share.quantity / MICROS,
                "minimum": share.minimum / MICROS,
                "maximum": share.maximum / MICROS,
                "amount": None if key.currency is None else _amount(share.amount),
            }
            for key, share in ordered
        ]


def _amount(exact: int) -> str:
    """Return an amount, given in squares of millionths, to six decimals, ties to the even one."""
    sign, exact = ("-", -exact) if exact < 0 else ("", exact)
    micros, rest = divmod(exact, MICROS)
    if 2 * rest > MICROS or (2 * rest == MICROS and micros % 2):
        micros += 1
    whole, fraction = divmod(micros, MICROS)
    text = f"{whole}.{fraction:06}".rstrip("0").rstrip(".")
    return sign + text if micros else text
