"""The promises that the second part of `demo` checks against what the site made."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from tools.dev.invariants import Invariant
from tools.dev.reorder.advising import HORIZON_DAYS, Forecast
from tools.dev.reorder.cleaning import Cleaned, Sold
from tools.dev.reorder.collecting import Collected
from tools.dev.site.files import TOKEN_START
from tools.dev.site.rows import Fate, Given
from tools.dev.site.sales import Shop
from tools.dev.site.systems import export, tills, webshop

TOKEN = re.compile(rf"{TOKEN_START}[0-9a-f]{{8,}}")


def truth(shop: Shop) -> dict[str, Given]:
    """Return what each system of the site gives, by the source's name."""
    return {"webshop": webshop(shop), "tills": tills(shop), "branch": export(shop)}


def collection_invariants(
    collected: Sequence[Collected], given: Mapping[str, Given]
) -> list[Invariant]:
    """Check what collector took of each source, and what it says of it."""
    inexact, refused, secrets = [], [], []
    for one in collected:
        source = given[one.source]
        inexact += _differences(one.source, one.record_ids, source.collected)
        if one.job["stored"] != len(one.records):
            inexact.append(
                f"{one.source}: {one.job['stored']} stored, {len(one.records)} downloaded"
            )
        places = {reject["position"] for reject in one.rejects}
        if not one.job["rejected"] == len(places) == source.count(Fate.UNREADABLE):
            refused.append(
                f"{one.source}: {one.job['rejected']} rows were refused, at "
                f"{', '.join(sorted(places))}; {source.count(Fate.UNREADABLE)} are no records"
            )
        if TOKEN.search(one.said):
            secrets.append(f"{one.source}: an answer holds the token")
    return [
        Invariant("every record of each source was collected exactly once", inexact),
        Invariant("collector refused the rows that are no records, and no others", refused),
        Invariant("no answer of collector holds the web shop's token", secrets),
    ]


def cleaning_invariants(
    cleaned: Cleaned, shop: Shop, given: Mapping[str, Given]
) -> list[Invariant]:
    """Check what data_processor made of the records."""
    faulty = sorted(name for source in given.values() for name in source.named(Fate.FAULTY))
    known = sum(source.count(Fate.KNOWN) for source in given.values())
    doubled = [] if cleaned.duplicates == known else [f"{cleaned.duplicates} were, not {known}"]
    return [
        Invariant(
            "records that cannot be cleaned are those that the site got wrong",
            _differences("rejects", cleaned.rejected, faulty),
        ),
        Invariant("sales that two sources tell of were counted once", doubled),
        Invariant(
            "cleaned units are the units sold, to the last digit, for each SKU and day",
            _units_differ(cleaned.sold, units_sold(shop)),
        ),
    ]


def forecast_invariant(forecasts: Sequence[Forecast], skus: Sequence[str]) -> Invariant:
    """Check that each SKU has one forecast that can be used."""
    faults = _differences("forecasts", sorted(one.sku for one in forecasts), sorted(skus))
    faults += [
        f"{one.sku}: {list(one.units)}, reorder point {one.reorder_point}"
        for one in forecasts
        if len(one.units) != HORIZON_DAYS
        or not all(math.isfinite(units) and units >= 0 for units in one.units)
        or one.reorder_point < 0
    ]
    return Invariant("every SKU has a forecast and a reorder point", faults)


def units_sold(shop: Shop) -> Sold:
    """Return what the shop sold, by SKU and day."""
    sold: dict[str, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for sale in shop.sales:
        sold[sale.sku][sale.day] += sale.units
    return sold


def _differences(what: str, found: Sequence[str], wanted: Sequence[str]) -> list[str]:
    missing, further = Counter(wanted) - Counter(found), Counter(found) - Counter(wanted)
    return [f"{what}: {name} is missing" for name in missing] + [
        f"{what}: {name} came {count} times too often" for name, count in further.items()
    ]


def _units_differ(found: Sold, wanted: Sold) -> list[str]:
    keys = {(sku, day) for sold in (found, wanted) for sku, days in sold.items() for day in days}
    return [
        f"{sku} on {day}: {ours} units, sold were {theirs}"
        for sku, day in sorted(keys)
        if (ours := found.get(sku, {}).get(day, Decimal(0)))
        != (theirs := wanted.get(sku, {}).get(day, Decimal(0)))
    ]
