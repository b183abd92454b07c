"""Prices of one base unit in one currency, by decimal arithmetic."""

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal

from services.data_processor.units import Measure

_CONTEXT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_STEP = Decimal("0.000001")
# From here on rounding makes a thirteenth digit.
_BEYOND = Decimal("999999999999.9999995")
_ONE = Decimal(1)
_REMEMBERED = 100_000

type _Asked = tuple[str | None, str | None, str]
type _Priced = tuple[str | None, str | None]

MICROS = 1_000_000


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
        self._multipliers: dict[tuple[str, str], tuple[Decimal | None, str]] = {}
        """By currency and unit as they came; no number where nothing changes."""

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
        multiplier, wanted = self._multipliers.get((currency, unit)) or self._ready(currency, unit)
        if multiplier is None:
            return price, currency
        worth = _CONTEXT.multiply(Decimal(price), multiplier)
        if worth >= _BEYOND:
            return None
        return str(worth.quantize(_STEP, context=_CONTEXT)).rstrip("0").rstrip("."), wanted

    def _ready(self, currency: str, unit: str) -> tuple[Decimal | None, str]:
        wanted = self._to or currency
        factor = self._units[unit.lower()].factor
        multiplier = None
        if wanted != currency:
            worth = _CONTEXT.multiply(factor, self._rates.get(wanted, _ONE))
            multiplier = _CONTEXT.divide(self._rates[currency], worth)
        elif factor != 1:
            multiplier = _CONTEXT.divide(_ONE, factor)
        self._multipliers[currency, unit] = multiplier, wanted
        return multiplier, wanted


def in_micros(price: str) -> int:
    """Return a price of up to six decimals in millionths."""
    whole, _, fraction = price.partition(".")
    return int(whole) * MICROS + int(fraction.ljust(6, "0"))
