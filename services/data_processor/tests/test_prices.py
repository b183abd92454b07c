"""Prices of base units are exact, and rounded once."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st

from services.data_processor.prices import Prices
from services.data_processor.units import KNOWN

PRICES = st.from_regex(r"[0-9]{1,12}(\.[0-9]{1,6})?", fullmatch=True)
RATES = st.decimals("0.000000001", "999999999", places=9)


@given(PRICES, st.sampled_from(sorted(KNOWN)), RATES, RATES)
@example("0.000001", "pair", Decimal(1), Decimal(1))  # ties, to the even one either way
@example("0.000003", "pair", Decimal(1), Decimal(1))
@example("999999999999.999999", "pair", Decimal(1), Decimal(2))
@example("999999999999.999999", "each", Decimal(1), Decimal(2))
def test_a_converted_price_is_the_exact_one_rounded_to_six_decimals(
    price: str, unit: str, worth: Decimal, wanted: Decimal
) -> None:
    exact = Fraction(price) * Fraction(worth) / Fraction(wanted) / Fraction(KNOWN[unit].factor)
    rounded = round(exact, 6)

    priced = Prices(dict(KNOWN), to="EUR", rates={"USD": worth, "EUR": wanted})[price, "USD", unit]

    if rounded >= 10**12:
        assert priced is None
    else:
        assert priced is not None
        text, currency = priced
        assert text is not None
        assert (Fraction(text), currency) == (rounded, "EUR")
        assert text == "0" or not text.startswith("00")
        assert "." not in text or not text.endswith(("0", "."))


@given(PRICES)
def test_a_price_in_the_wanted_unit_and_currency_stays_as_it_was_written(price: str) -> None:
    prices = Prices(dict(KNOWN), to="EUR", rates={"EUR": Decimal(2)})

    assert prices[price, "EUR", "KG"] == (price, "EUR")
    assert Prices(dict(KNOWN), to=None, rates={})[price, "USD", "ea"] == (price, "USD")
