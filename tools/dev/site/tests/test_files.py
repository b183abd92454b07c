"""The site's files hold what its systems give, and say who may read what."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from pathlib import Path

from tools.dev.site.files import write_site
from tools.dev.site.sales import Shop, make_shop
from tools.dev.site.systems import export, tills

SHOP = make_shop({"coffee-1kg": 5000, "enamel-mug": 3500})


def write(folder: Path, shop: Shop = SHOP) -> Path:
    return write_site(folder, shop, webshop="http://127.0.0.1:1", token_file=folder / "token")


def test_the_tills_database_has_every_row(tmp_path: Path) -> None:
    write(tmp_path)
    with closing(sqlite3.connect(tmp_path / "tills.sqlite")) as database:
        rows = database.execute("SELECT receipt, units FROM receipts ORDER BY number").fetchall()
    assert rows == [(row.values["receipt"], row.values["units"]) for row in tills(SHOP).rows]
    assert (None, rows[0][1]) in rows


def test_the_export_has_every_row_and_one_that_is_cut_off(tmp_path: Path) -> None:
    write(tmp_path)
    with (tmp_path / "exports/branch.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["id", "shop", "article", "quantity", "unit", "price", "currency", "sold"]
    assert rows == [list(row.values.values()) for row in export(SHOP).rows]
    assert sorted({len(row) for row in rows}) == [4, 8]


def test_the_sources_are_named_and_the_token_is_for_the_web_shop_alone(tmp_path: Path) -> None:
    sources = json.loads(write(tmp_path).read_text())
    assert sources == {
        "databases": {"tills": {"url": f"sqlite:///{tmp_path}/tills.sqlite"}},
        "files": {"exports": f"{tmp_path}/exports"},
        "secrets": {
            "webshop-token": {"file": f"{tmp_path}/token", "origins": ["http://127.0.0.1:1"]}
        },
        "networks": ["127.0.0.0/8"],
    }


def test_files_of_an_earlier_run_are_replaced(tmp_path: Path) -> None:
    write(tmp_path)
    less = make_shop({"enamel-mug": 3500})
    write(tmp_path, less)
    with closing(sqlite3.connect(tmp_path / "tills.sqlite")) as database:
        assert database.execute("SELECT count(*) FROM receipts").fetchone() == (
            len(tills(less).rows),
        )
