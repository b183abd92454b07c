"""What is collected: the same rows as a CSV file, an NDJSON file and a table."""

import csv
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CSV_FILE = "sales.csv"
NDJSON_FILE = "sales.ndjson"
TABLE = "sales"
DATABASE = "shop.sqlite3"

_WITHOUT_NAME = 100
_AGAIN = 100


def write_sources(folder: Path, count: int) -> None:
    """Write `count` rows in three ways, a few of them without a name and a few that come again."""
    rows = list(_rows(count))
    columns = list(rows[0])
    with (folder / CSV_FILE).open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    with (folder / NDJSON_FILE).open("w") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    with sqlite3.connect(folder / DATABASE) as connection:
        connection.execute(
            f"CREATE TABLE {TABLE} (id INTEGER PRIMARY KEY, record_id TEXT, sku TEXT, kind TEXT, "
            "quantity REAL, unit TEXT, price TEXT, currency TEXT, occurred_at TEXT)"
        )
        names = ", ".join(f":{name}" for name in columns)
        connection.executemany(
            f"INSERT INTO {TABLE} ({', '.join(columns)}) VALUES ({names})",  # noqa: S608 - our own
            rows,
        )
    connection.close()


def stored_of(count: int) -> int:
    """Return how many records `count` rows are."""
    return len({row["record_id"] for row in _rows(count)} - {None})


def _rows(count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        name = f"till-{number % 40}/{number - 40 if number % _AGAIN == 70 else number}"
        day, hour = number % 28 + 1, number * 7 % 24
        yield {
            "record_id": None if number % _WITHOUT_NAME == 50 else name,
            "sku": f"SKU-{number % 2_000}",
            "kind": "sale",
            "quantity": number % 70 / 8 + 0.5,
            "unit": "kg",
            "price": f"{number * 37 % 9_000 / 100 + 0.99:.2f}",
            "currency": "EUR",
            "occurred_at": f"2026-11-{day:02}T{hour:02}:{number % 60:02}:00Z",
        }
