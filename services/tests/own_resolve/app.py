"""own_resolve: a service with a pandas of its own, on the day that it moved in."""

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pandas as pd
from fastapi import APIRouter, Depends, FastAPI
from pydantic import BaseModel

from libs.old_names import RecordIn, get_logger, setup_logging
from libs.service_kit import ServiceSettings, create_app, require_json
from services.tests.own_resolve.weekly import weekly

setup_logging("INFO")
log = get_logger(__name__)
router = APIRouter(prefix="/v1")


class WeekOut(BaseModel):
    """What was sold of a SKU in a week that begins on `monday`."""

    sku: str
    monday: dt.date
    units: float


class WeeksOut(BaseModel):
    """Units sold, and by which pandas they were summed up."""

    pandas: str
    weeks: list[WeekOut]


@router.post("/weekly", dependencies=[Depends(require_json)])
async def sum_weekly(records: list[RecordIn]) -> WeeksOut:
    """Sum up sales by SKU and week."""
    weeks = [WeekOut(**week._asdict()) for week in weekly(records)]
    log.info("summed up %d records", len(records), weeks=len(weeks))
    return WeeksOut(pandas=pd.__version__, weeks=weeks)


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield


app = create_app(
    "own_resolve",
    summary="Sums up sales by week, with pandas 2.",
    settings=ServiceSettings(),
    routers=[router],
    lifespan=_lifespan,
)
