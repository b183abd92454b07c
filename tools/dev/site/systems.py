"""The site's three systems: what each gives of the shop's sales, and what it gets wrong.

Every fault is one that such systems have, and its fate says what it must not come to.
"""

from __future__ import annotations

from typing import Any

from tools.dev.site.rows import Fate, Given, Row, Values
from tools.dev.site.sales import ABROAD, Sale, Shop

REPEATED_EVERY = 40
KNOWN_EVERY = 60
TOKEN_PLACE = "{authorization}"  # noqa: S105 - what stands for the caller's token
"""The web shop writes here what the caller sent as Authorization."""


def webshop(shop: Shop) -> Given:
    """Return the web shop's orders; it has times in UTC, and records within records."""
    rows = [Row(Fate.CLEAN, sale.record_id, _order(sale)) for sale in shop.of("webshop")]
    first = rows[0].values
    rows += [
        Row(Fate.UNREADABLE, "", {name: first[name] for name in first if name != "id"}),
        # A server that tells what it was asked with, as error pages do.
        _faulty_order(first, "web/echo", article={"sku": TOKEN_PLACE}),
    ]
    return Given(_in_between(rows))


def tills(shop: Shop) -> Given:
    """Return the rows of the tills' database; it has local times with their offsets."""
    rows = [Row(Fate.CLEAN, sale.record_id, _receipt(sale)) for sale in shop.of("tills")]
    first = rows[0].values
    rows += [
        Row(Fate.UNREADABLE, "", {**first, "receipt": None}),
        Row(Fate.FAULTY, "till/no-units", {**first, "receipt": "till/no-units", "units": None}),
    ]
    return Given(_in_between(rows))


def export(shop: Shop) -> Given:
    """Return the rows of the branch's export.

    It has local times without offsets, other units and another currency, rows that are there
    twice, and orders of the web shop that customers fetched in the branch.
    """
    rows = []
    for number, sale in enumerate(shop.of("branch")):
        row = Row(Fate.CLEAN, sale.record_id, _line(sale))
        rows.append(row)
        if number % REPEATED_EVERY == 0:
            rows.append(Row(Fate.REPEATED, row.record_id, row.values))
    fetched = shop.of("webshop")[::KNOWN_EVERY]
    rows += [Row(Fate.KNOWN, sale.record_id, _line(sale)) for sale in fetched]
    first = rows[0].values
    rows += [
        Row(Fate.UNREADABLE, "", {**first, "id": ""}),
        # Cut off, as the last line of a copy that did not end well.
        Row(Fate.UNREADABLE, "", {name: first[name] for name in list(first)[:4]}),
        _faulty_line(first, "branch/unit", unit="handful"),
        _faulty_line(first, "branch/words", quantity="some"),
        _faulty_line(first, "branch/free", currency=""),
        # In that night clocks went from one to two.
        _faulty_line(first, "branch/skipped", sold="2026-03-29 01:30:00"),
    ]
    return Given(_in_between(rows))


def _in_between(rows: list[Row]) -> list[Row]:
    """Return the rows with the odd ones among the others, so that none is told by its place."""
    usual = (Fate.CLEAN, Fate.REPEATED)
    odd = iter([row for row in rows if row.fate not in usual])
    mixed = []
    for number, row in enumerate(row for row in rows if row.fate in usual):
        mixed.append(row)
        if number % 10 == 5 and (one := next(odd, None)):
            mixed.append(one)
    return [*mixed, *odd]


def _order(sale: Sale) -> Values:
    return {
        "id": sale.record_id,
        "article": {"sku": sale.sku},
        "quantity": int(sale.quantity),
        "price": {"amount": str(sale.price), "currency": sale.currency},
        "ordered_at": sale.moment.isoformat().replace("+00:00", "Z"),
    }


def _receipt(sale: Sale) -> Values:
    return {
        "receipt": sale.record_id,
        "article": sale.sku,
        "units": int(sale.quantity),
        "price": str(sale.price),
        "sold_at": sale.moment.isoformat(),
    }


def _line(sale: Sale) -> Values:
    return {
        "id": sale.record_id,
        "shop": sale.source,
        "article": sale.sku,
        "quantity": str(sale.quantity),
        "unit": sale.unit,
        "price": str(sale.price),
        "currency": sale.currency,
        "sold": f"{sale.moment.astimezone(ABROAD):%Y-%m-%d %H:%M:%S}",
    }


def _faulty_order(order: Values, name: str, **wrong: Any) -> Row:
    return Row(Fate.FAULTY, name, {**order, "id": name, **wrong})


def _faulty_line(line: Values, name: str, **wrong: str) -> Row:
    return Row(Fate.FAULTY, name, {**line, "id": name, **wrong})
