"""Prices of one base unit in one currency, by exact arithmetic of whole numbers."""

from collections.abc import Mapping
from decimal import Decimal

from services.data_processor.units import Measure

_ONE = Decimal(1)
_REMEMBERED = 100_000

type _Asked = tuple[str | None, str | None, str]
type _Priced = tuple[str | None, str | None]

MICROS = 1_000_000
_BEYOND = 10**12 * MICROS
"""Of thirteen digits, which a price has no room for."""


class Prices(dict[_Asked, _Priced | None]):
    """The price of one base unit and its currency, by price, currency and unit as they came.

    It is rounded to six decimals, a tie to the even one; a price that is in the wanted unit and
    currency stays as it was written. It is None when it is too high to write. No price has no
    currency. Each is worked out when it is first asked for.

    `rates` are what one unit of each currency is worth in a common one, and `to` the currency that
    is wanted: None leaves prices in their own.
    """

    def __init__(
        self, units: Mapping[str, Measure], *, to: str | None, rates: Mapping[str, Decimal]
    ) -> None:
        super().__init__()
        self._units = units
        self._to = to
        self._rates = rates
        self._multipliers: dict[tuple[str, str], tuple[int, int, str]] = {}
        """Numerator, denominator and the wanted currency, by currency and unit as they came."""

    def rated(self, currency: str) -> bool:
        """Say whether prices in the currency can be converted."""
        return self._to is None or currency == self._to or currency in self._rates

    def __missing__(self, asked: _Asked) -> _Priced | None:
        """Work out one price, and remember it."""
        price, currency, unit = asked
        if len(self) >= _REMEMBERED:
            self.clear()
        self[asked] = priced = (
            (None, None) if price is None or currency is None else self._of(price, currency, unit)
        )
        return priced

    def _of(self, price: str, currency: str, unit: str) -> _Priced | None:
        numerator, denominator, wanted = self._multipliers.get(
            (currency, unit)
        ) or self._multiplier(currency, unit)
        if numerator == denominator and wanted == currency:
            return price, currency
        # Rounded by adding a half; no rest then means that it was a tie.
        micros, rest = divmod(2 * in_micros(price) * numerator + denominator, 2 * denominator)
        if not rest and micros % 2:
            micros -= 1
        if micros >= _BEYOND:
            return None
        whole, fraction = divmod(micros, MICROS)
        return (f"{whole}.{fraction:06}".rstrip("0") if fraction else str(whole)), wanted

    def _multiplier(self, currency: str, unit: str) -> tuple[int, int, str]:
        wanted = self._to or currency
        units, unit_parts = self._units[unit.lower()].factor.as_integer_ratio()
        numerator, denominator = unit_parts, units
        if wanted != currency:
            worth, worth_parts = self._rates[currency].as_integer_ratio()
            wanted_worth, wanted_parts = self._rates.get(wanted, _ONE).as_integer_ratio()
            numerator *= worth * wanted_parts
            denominator *= worth_parts * wanted_worth
        self._multipliers[currency, unit] = multiplier = numerator, denominator, wanted
        return multiplier


def in_micros(price: str) -> int:
    """Return a price of up to six decimals in millionths."""
    whole, _, fraction = price.partition(".")
    return int(whole + fraction.ljust(6, "0"))
