"""The second part of `demo`: collect, clean, forecast, and say what to reorder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

from tools.dev.catalogue import load_catalogue
from tools.dev.client import ATTEMPT_SECONDS, Client, NoAnswerError
from tools.dev.errors import DevError
from tools.dev.killing import Killer
from tools.dev.reorder.advising import advise, forecast
from tools.dev.reorder.checks import (
    cleaning_invariants,
    collection_invariants,
    forecast_invariant,
    truth,
)
from tools.dev.reorder.cleaning import clean, histories
from tools.dev.reorder.collecting import collect
from tools.dev.reorder.jobs import collections
from tools.dev.reorder.report import ReorderReport
from tools.dev.site.sales import make_shop
from tools.dev.stock import read_levels

NEEDED = ("webshop", "collector", "data_processor", "model_service")
# Of the web shop's records, when collector is killed.
KILL_AFTER_SHARE = 1 / 3


async def reorder(addresses: Mapping[str, str], data_dir: Path | None) -> ReorderReport:
    """Go from the local site's sales to what to reorder, and return the report.

    Args:
        addresses: of the NEEDED programs, and of order_processor.
        data_dir: state folder of the `up` whose collector is to be killed; None to leave it alone.

    Raises:
        DevError: a part of the stack does not answer, or refuses.
    """
    catalogue = load_catalogue()
    shop = make_shop(catalogue)
    given = truth(shop)
    killer = Killer(
        *("collector", data_dir, addresses["collector"]),
        after=int(len(given["webshop"].collected) * KILL_AFTER_SHARE),
        things="orders of the web shop",
    )
    async with _client(addresses["collector"]) as collector:
        collected = await collect(collector, collections(addresses["webshop"]), stored=killer.at)
        kill = await killer.result()
    async with _client(addresses["data_processor"]) as data_processor:
        records = [record for one in collected for record in one.records]
        cleaned = await clean(data_processor, records)
    first_day, units = histories(cleaned.sold)
    promotions = await _promotions(addresses["webshop"])
    async with _client(addresses["model_service"]) as model_service:
        forecasts = await forecast(model_service, first_day, units, promotions)
    levels = await read_levels(addresses["order_processor"], units)
    return ReorderReport(
        collected,
        kill,
        cleaned,
        first_day,
        len(next(iter(units.values()))),
        advise(forecasts, levels),
        [
            *collection_invariants(collected, given),
            *cleaning_invariants(cleaned, shop, given),
            forecast_invariant(forecasts, list(catalogue)),
        ],
    )


async def _promotions(webshop: str) -> dict[str, Any]:
    async with _client(webshop) as client:
        try:
            answer = await client.get("/promotions")
        except NoAnswerError as error:
            raise DevError(f"the web shop does not answer: {error}") from error
    if answer.status != HTTPStatus.OK:
        raise DevError(f"the web shop answers {answer} for its promotions")
    return answer.document


@asynccontextmanager
async def _client(address: str) -> AsyncIterator[Client]:
    timeout = aiohttp.ClientTimeout(total=ATTEMPT_SECONDS)
    async with aiohttp.ClientSession(address, timeout=timeout) as session:
        yield Client(session)
