"""Write the demo's orders: the same bytes for the same seed, on every Python.

One JSON object a line: {"customer_id": ..., "lines": [{"sku": ..., "quantity": ...}, ...]}.
Popular goods are asked for more often, so some run out, and a few orders name a SKU that the
catalogue does not have any more.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tools.dev.catalogue import load_catalogue

CUSTOMERS = 400
MOST_LINES = 5
MOST_UNITS = 6
DISCONTINUED_SKU = "butter-churn"
DISCONTINUED_SHARE = 0.01


class _Dice:
    """Draws by `random()` alone, the only method whose sequence Python promises to keep."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random  # noqa: S311  nothing secret is drawn

    def below(self, limit: int) -> int:
        return int(self._random() * limit)

    def small(self, limit: int) -> int:
        """Return 0 to limit - 1, low numbers more often."""
        return int(min(self._random(), self._random()) * limit)

    def happens(self, share: float) -> bool:
        return self._random() < share


def orders(skus: Sequence[str], *, count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield `count` orders of the given SKUs, of which the first are the popular ones."""
    dice = _Dice(seed)
    for _ in range(count):
        chosen = {skus[dice.small(len(skus))] for _ in range(1 + dice.small(MOST_LINES))}
        if dice.happens(DISCONTINUED_SHARE):
            chosen.add(DISCONTINUED_SKU)
        yield {
            "customer_id": f"customer-{dice.below(CUSTOMERS):03}",
            "lines": [
                {"sku": sku, "quantity": 1 + dice.small(MOST_UNITS)} for sku in sorted(chosen)
            ],
        }


def main(arguments: list[str]) -> None:
    """Write the file that the arguments describe."""
    parser = argparse.ArgumentParser(prog="demo_orders", description="Write orders for the demo.")
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args(arguments)
    with options.output.open("w", encoding="utf-8") as output:
        for order in orders(list(load_catalogue()), count=options.count, seed=options.seed):
            output.write(json.dumps(order) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
