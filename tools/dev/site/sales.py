"""What the shop of the local site sold in ten weeks: the same for the same catalogue, every time.

It sells in a web shop, at tills and in a branch abroad, which count, price and date in their own
ways. This is the truth: the site's systems are filled from it, and `demo` compares with it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

SEED = 1
FIRST_DAY = date(2026, 1, 26)
DAYS = 70
"""A forecast needs 56; clocks change in the last of these weeks."""
HOME = ZoneInfo("Europe/Berlin")
"""Whose days the shop counts by."""
ABROAD = ZoneInfo("Europe/London")
EUROS_PER_POUND = Decimal("1.17")
UNITS: Mapping[str, Decimal] = {
    "each": Decimal(1),
    "dozen": Decimal(12),
    "lb": Decimal("0.45359237"),
}
"""How many units in stock are one of each: goods sold loose are in stock by the kilogram."""
SOLD_LOOSE = frozenset({"coffee-1kg", "lentils-1kg", "oats-1kg", "rice-1kg", "sugar-1kg"})
SOLD_BY_DOZEN = frozenset({"candle-beeswax", "coffee-filter-100", "enamel-mug", "yeast-sachet"})

# Days that a full shelf lasts, in turn: some SKUs are always due, others never.
_SHELF_DAYS = (8, 25, 45)
_WEEK = (0.8, 0.8, 0.9, 1.0, 1.3, 1.6, 0.6)
_WEB_SHARE, _TILL_SHARE = 0.5, 0.35
_PROMOTION_LIFT = 1.6
_PROMOTION_DAYS = 4
# Fifty pounds are 22.6796185 kg, for which six decimals have two neighbours.
_MOST_POUNDS = 49
_WEB_HOURS = (0, 7, 8, 11, 14, 18, 20, 23)
_SHOP_HOURS = (9, 10, 11, 12, 14, 15, 16, 17)
_MICRO = Decimal("0.000001")
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Sale:
    """Units of one SKU that were sold, in the words of the system that sold them."""

    record_id: str
    source: str
    sku: str
    quantity: Decimal
    unit: str
    price: Decimal
    """Of one such unit."""
    currency: str
    moment: datetime
    """In the zone of the one who sold."""

    @property
    def day(self) -> date:
        """The day that the shop counts it to."""
        return self.moment.astimezone(HOME).date()

    @property
    def units(self) -> Decimal:
        """In units of stock, to six decimals."""
        return (self.quantity * UNITS[self.unit]).quantize(_MICRO)


@dataclass(frozen=True)
class Shop:
    """What was sold, and when what was offered at a lower price."""

    sales: list[Sale]
    promotions: dict[str, list[date]]
    """By SKU; some are planned for the days after."""

    def of(self, source: str) -> list[Sale]:
        """Return what one system sold."""
        return [sale for sale in self.sales if sale.source == source]


class _Dice:
    """Draws by `random()` alone, the only method whose sequence Python promises to keep."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random  # noqa: S311  nothing secret is drawn

    def below(self, limit: int) -> int:
        return int(self._random() * limit)

    def noise(self) -> float:
        """Return a number as from the standard normal distribution."""
        return sum(self._random() for _ in range(12)) - 6


def make_shop(catalogue: Mapping[str, int], *, days: int = DAYS, seed: int = SEED) -> Shop:
    """Return the shop that sells a catalogue, given as units on a full shelf by SKU."""
    dice = _Dice(seed)
    shop = Shop([], {sku: _promotions(dice, days) for sku in catalogue})
    for number in range(days):
        for place, (sku, shelf) in enumerate(catalogue.items()):
            day = FIRST_DAY + timedelta(number)
            usual = shelf / _SHELF_DAYS[place % len(_SHELF_DAYS)] * _WEEK[day.weekday()]
            if day in shop.promotions[sku]:
                usual *= _PROMOTION_LIFT
            units = max(0, round(usual + math.sqrt(1.5 * usual) * dice.noise()))
            shop.sales.extend(_sales(dice, sku, day, units, Decimal(150 + 35 * place) / 100))
    return shop


def _promotions(dice: _Dice, days: int) -> list[date]:
    """Return one promotion of the past, and one that begins in the week after the last day."""
    firsts = (dice.below(max(1, days - _PROMOTION_DAYS)), days + dice.below(7))
    return [
        FIRST_DAY + timedelta(first + number)
        for first in firsts
        for number in range(_PROMOTION_DAYS)
    ]


def _sales(dice: _Dice, sku: str, day: date, units: int, price: Decimal) -> Iterator[Sale]:
    """Yield how units of a day were sold: in the web shop, at a till, and abroad what is left."""
    in_web, at_till = round(units * _WEB_SHARE), round(units * _TILL_SHARE)
    name = f"{sku}/{day:%Y%m%d}"
    web = datetime.combine(day, time(_WEB_HOURS[dice.below(8)], dice.below(60)), HOME)
    if in_web:
        yield Sale(
            *(f"web/{name}", "webshop", sku, Decimal(in_web), "each", price, "EUR"),
            web.astimezone(UTC),
        )
    till = datetime.combine(day, time(_SHOP_HOURS[dice.below(8)], dice.below(60)), HOME)
    if at_till:
        yield Sale(f"till/{name}", "tills", sku, Decimal(at_till), "each", price, "EUR", till)
    abroad = datetime.combine(day, time(_SHOP_HOURS[dice.below(8)], dice.below(60)), ABROAD)
    unit, quantity = _as_abroad(sku, units - in_web - at_till)
    if quantity > 0:
        pounds = (price * UNITS[unit] / EUROS_PER_POUND).quantize(_CENT, ROUND_HALF_UP)
        yield Sale(f"branch/{name}", "branch", sku, quantity, unit, pounds, "GBP", abroad)


def _as_abroad(sku: str, units: int) -> tuple[str, Decimal]:
    """Return about so many units as the branch counts them."""
    if sku in SOLD_LOOSE:
        return "lb", Decimal(min(round(units / UNITS["lb"]), _MOST_POUNDS))
    if sku in SOLD_BY_DOZEN:
        # Half a dozen is sold, too.
        return "dozen", Decimal(round(units / 6)) / 2
    return "each", Decimal(units)
