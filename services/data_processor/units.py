"""Units of quantity: what is known, and how many base units each is."""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from libs.contracts.records import BaseUnit
from services.data_processor.pipeline import Unit


class Measure(NamedTuple):
    """A unit, as a number of base units."""

    base: BaseUnit
    factor: Decimal


_FACTORS: dict[BaseUnit, dict[str, str]] = {
    "each": {
        **{"each": "1", "ea": "1", "pc": "1", "pcs": "1", "piece": "1", "pieces": "1", "unit": "1"},
        **{"units": "1", "pair": "2", "dozen": "12", "dz": "12", "gross": "144"},
    },
    "kg": {
        **{"kg": "1", "mg": "0.000001", "g": "0.001", "t": "1000"},
        **{"oz": "0.028349523125", "lb": "0.45359237", "lbs": "0.45359237", "st": "6.35029318"},
    },
    # Gallons, quarts, pints and fluid ounces are those of the United States.
    "l": {
        **{"l": "1", "ml": "0.001", "cl": "0.01", "dl": "0.1", "hl": "100", "gal": "3.785411784"},
        **{"qt": "0.946352946", "pt": "0.473176473", "floz": "0.0295735295625"},
    },
    "m": {
        **{"m": "1", "mm": "0.001", "cm": "0.01", "dm": "0.1", "km": "1000", "in": "0.0254"},
        **{"ft": "0.3048", "yd": "0.9144", "mi": "1609.344"},
    },
}

KNOWN: Mapping[str, Measure] = {
    name: Measure(base, Decimal(factor))
    for base, factors in _FACTORS.items()
    for name, factor in factors.items()
}
"""By name in lower case."""


def measures(further: Mapping[str, Unit]) -> dict[str, Measure]:
    """Return the known units and further ones, which come first, by name in lower case."""
    own = {name.lower(): Measure(unit.base, Decimal(unit.factor)) for name, unit in further.items()}
    return {**KNOWN, **own}
