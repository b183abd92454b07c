"""The small catalogue that `up` seeds, and the level that `demo` restocks to."""

from __future__ import annotations

import json
from pathlib import Path

CATALOGUE_FILE = Path(__file__).parent / "catalogue.json"


def load_catalogue() -> dict[str, int]:
    """Return the units on hand, by SKU."""
    entries = json.loads(CATALOGUE_FILE.read_text(encoding="utf-8"))
    return {entry["sku"]: entry["on_hand"] for entry in entries}
