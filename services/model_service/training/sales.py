"""Make the sales that the models are trained on: `python -m services.model_service.training.sales`.

Daily units of a shop's SKUs with a trend, a weekly season, promotions and noise, all from one seed.
The tables are kept in the tree, so that what a model learned from can be read; a test makes them
anew. Only the standard library's generator is used: its streams stay the same across versions.
"""

import argparse
import csv
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

SEED = 20260114
FIRST_DAY = date(2024, 7, 1)
DAYS = 546

SALES = Path(__file__).with_name("sales.csv")
"""A row a day, a column a SKU."""
PROMOTIONS = Path(__file__).with_name("promotions.csv")
"""A row for each promotion: SKU, first day, number of days."""

_USUAL_UNITS = {
    "apron-linen": 4,
    "bowl-ash": 6,
    "bread-knife": 5,
    "candle-beeswax": 14,
    "cast-iron-pan": 2,
    "coffee-1kg": 45,
    "coffee-filter-100": 38,
    "enamel-mug": 12,
    "flour-rye-2kg": 26,
    "flour-wheat-2kg": 60,
    "glass-jar-1l": 30,
    "grain-mill": 1,
    "honey-500g": 18,
    "kettle": 2,
    "lentils-1kg": 22,
    "oats-1kg": 40,
    "olive-oil-1l": 24,
    "pepper-mill": 3,
    "rice-1kg": 42,
    "salt-500g": 35,
    "stoneware-plate": 9,
    "sugar-1kg": 50,
    "tea-assam-250g": 20,
    "yeast-sachet": 70,
}
_GROCERIES_FROM = 14
"""Units a day from which a SKU sells like groceries: most before the weekend."""
_GROCERIES_WEEK = (0.85, 0.85, 0.95, 1.05, 1.35, 1.4, 0.55)
_HOUSEHOLD_WEEK = (0.8, 0.75, 0.85, 0.9, 1.1, 1.65, 0.95)


@dataclass(frozen=True, slots=True)
class Promotion:
    """Days on which a SKU was offered at a lower price."""

    first: int
    days: int


@dataclass(frozen=True, slots=True)
class Sales:
    """Daily units of one SKU, and its promotions by number of the day."""

    sku: str
    units: list[int]
    promotions: list[Promotion]


def make_sales(seed: int = SEED) -> list[Sales]:
    """Return the sales of every SKU; the same seed gives the same."""
    source = random.Random(seed)  # noqa: S311 - no secret
    return [_sales_of(sku, usual, source) for sku, usual in _USUAL_UNITS.items()]


def _sales_of(sku: str, usual: float, source: random.Random) -> Sales:
    week = _GROCERIES_WEEK if usual >= _GROCERIES_FROM else _HOUSEHOLD_WEEK
    shares = [share * source.uniform(0.9, 1.1) for share in week]
    growth = source.uniform(-0.15, 0.35) / 365
    lift = source.uniform(1.5, 2.1)
    promotions = list(_promotions(source))
    promoted = {day for p in promotions for day in range(p.first, p.first + p.days)}
    drift, units = 0.0, []
    for day in range(DAYS):
        drift = 0.985 * drift + source.gauss(0, 0.02)
        expected = usual * shares[day % 7] * math.exp(growth * day + drift)
        expected *= lift if day in promoted else 1
        # Buyers come in groups: more noise than a Poisson count has.
        units.append(_poisson(expected * source.gammavariate(20, 1 / 20), source))
    return Sales(sku, units, promotions)


def _promotions(source: random.Random) -> Iterator[Promotion]:
    day = source.randrange(10, 50)
    while day < DAYS:
        length = source.choice((3, 5, 7))
        yield Promotion(day, min(length, DAYS - day))
        day += length + source.randrange(25, 70)


def _poisson(mean: float, source: random.Random) -> int:
    limit, product, count = math.exp(-mean), source.random(), 0
    while product > limit:
        product *= source.random()
        count += 1
    return count


def write(sales: list[Sales], *, sales_file: Path, promotions_file: Path) -> None:
    """Write both tables."""
    with sales_file.open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["day", *(of.sku for of in sales)])
        for day, units in enumerate(zip(*(of.units for of in sales), strict=True)):
            table.writerow([FIRST_DAY + timedelta(day), *units])
    with promotions_file.open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["sku", "first_day", "days"])
        for of in sales:
            for p in of.promotions:
                table.writerow([of.sku, FIRST_DAY + timedelta(p.first), p.days])


def main() -> None:
    """Write the tables beside this file, or into another folder."""
    parser = argparse.ArgumentParser(description="Make the sales that the models are trained on.")
    parser.add_argument("--folder", type=Path, default=SALES.parent)
    folder: Path = parser.parse_args().folder
    write(
        make_sales(),
        sales_file=folder / SALES.name,
        promotions_file=folder / PROMOTIONS.name,
    )


if __name__ == "__main__":
    main()
