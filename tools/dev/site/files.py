"""What the site keeps in files: the tills' database, the branch's export, and who may read what.

FOLDER/tills.sqlite
FOLDER/exports/branch.csv
FOLDER/sources.json         SOURCES_FILE of collector
"""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from pathlib import Path

from tools.dev.site.rows import Given
from tools.dev.site.sales import Shop
from tools.dev.site.systems import export, tills

TILLS = "tills.sqlite"
EXPORTS = "exports"
EXPORT = "branch.csv"
SOURCES = "sources.json"
# The names by which jobs speak of them.
CONNECTION, ROOT, SECRET = "tills", "exports", "webshop-token"
TOKEN_START = "webshop_"  # noqa: S105 - no secret has less than what follows it
"""How every token of the web shop begins, so that one is known where none should be."""


def write_site(folder: Path, shop: Shop, *, webshop: str, token_file: Path) -> Path:
    """Write all files anew, and return that of the sources.

    Args:
        folder: where; made when it is not there.
        shop: whose sales they hold.
        webshop: the web shop's address, the only one that its token is for.
        token_file: holds the token.
    """
    (folder / EXPORTS).mkdir(parents=True, exist_ok=True)
    write_tills(folder / TILLS, tills(shop))
    write_export(folder / EXPORTS / EXPORT, export(shop))
    sources = {
        "databases": {CONNECTION: {"url": f"sqlite:///{folder / TILLS}"}},
        "files": {ROOT: str(folder / EXPORTS)},
        "secrets": {SECRET: {"file": str(token_file), "origins": [webshop]}},
        # Where this machine's own programs listen; elsewhere nobody would allow that.
        "networks": ["127.0.0.0/8"],
    }
    file = folder / SOURCES
    file.write_text(json.dumps(sources, indent=2) + "\n", encoding="utf-8")
    return file


def write_tills(path: Path, given: Given) -> None:
    """Write the tills' database: a table `receipts`."""
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database:
        database.execute(
            "CREATE TABLE receipts (number INTEGER PRIMARY KEY, receipt TEXT, article TEXT,"
            " units INTEGER, price TEXT, sold_at TEXT)"
        )
        database.executemany(
            "INSERT INTO receipts (receipt, article, units, price, sold_at)"
            " VALUES (:receipt, :article, :units, :price, :sold_at)",
            [row.values for row in given.rows],
        )
        database.commit()


def write_export(path: Path, given: Given) -> None:
    """Write the branch's export as CSV; a row that lacks values has fewer than the header."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(given.rows[0].values)
        table.writerows(row.values.values() for row in given.rows)
