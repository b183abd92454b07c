"""A small service for the tests of the kit; started in-process and as a process of its own."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, FastAPI, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, Json

from libs.service_kit import (
    Dependency,
    ProblemKind,
    ServiceSettings,
    StartError,
    client_span,
    create_app,
    current_request_id,
    extend_deadline,
    failure_point,
    get_logger,
    refusals,
    remaining_seconds,
    require_json,
    trace_headers,
)

log = get_logger(__name__)
router = APIRouter()
state = {"dependency": "ok"}


class StorageDownError(Exception):
    """What the sample's data store raises when it is away."""


class Thing(BaseModel):
    """A body."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str
    count: int = 0


class Circle(BaseModel):
    """One kind of shape."""

    kind: Literal["circle"]
    radius: float


class Polygon(BaseModel):
    """Another."""

    kind: Literal["polygon"]
    sides: list[float]


class Drawing(BaseModel):
    """Shapes of either kind."""

    shapes: list[Annotated[Circle | Polygon, Field(discriminator="kind")]]
    title: int | bool = 0


class Settings(ServiceSettings):
    """The sample's environment."""

    greeting: Annotated[str, "any text"] = "hello"


TOO_ODD = ProblemKind("thing-too-odd", HTTPStatus.UNPROCESSABLE_CONTENT, "No such things")


@router.post("/things", dependencies=[Depends(require_json)], responses=refusals(TOO_ODD))
async def post_thing(thing: Thing, colour: str | None = None) -> Thing:
    return thing


@router.post("/drawings")
async def post_drawing(drawing: Drawing) -> None:
    pass


@router.get("/filtered")
async def filtered(wanted: Annotated[Json[list[str]], Query()]) -> list[str]:
    return wanted


@router.get("/things/{thing_id}")
async def get_thing(thing_id: int) -> dict[str, str | int | None]:
    return {"id": thing_id, "request_id": current_request_id()}


@router.delete("/things/{thing_id}", status_code=204)
async def delete_thing(thing_id: int) -> None:
    log.info("deleted", thing_id=thing_id)


@router.get("/slow")
async def slow(seconds: float) -> dict[str, bool]:
    log.info("slow_started")
    await asyncio.sleep(seconds)
    return {"done": True}


@router.get("/long")
async def long(seconds: float) -> dict[str, float | None]:
    extend_deadline(seconds)
    return {"seconds": remaining_seconds()}


@router.get("/long-download")
async def long_download(seconds: float) -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        yield b"one "
        await asyncio.sleep(seconds)
        yield b"two"

    extend_deadline(seconds + 5)
    return StreamingResponse(parts())


@router.get("/points")
async def points() -> dict[str, str]:
    await failure_point("before")
    log.info("worked")
    await failure_point("after")
    return {"done": "all"}


@router.get("/remaining")
async def remaining() -> dict[str, float | None]:
    return {"seconds": remaining_seconds()}


@router.get("/calls")
async def calls() -> dict[str, str]:
    with client_span("neighbour", method="GET", path="/deep"):
        return trace_headers()


@router.get("/crash")
async def crash() -> None:
    password = "hunter2"
    raise RuntimeError(f"a failure with a password of {len(password)} characters")


@router.get("/crash-late")
async def crash_late() -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        yield b"half"
        raise RuntimeError

    return StreamingResponse(parts())


@router.get("/storage-down")
async def storage_down() -> None:
    raise StorageDownError


async def probe() -> None:
    match state["dependency"]:
        case "hangs":
            await asyncio.sleep(60)
        case "fails":
            raise ConnectionError("secret detail")


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    if problem := os.environ.get("START_PROBLEM"):
        raise StartError(problem)
    yield
    log.info("dependencies_closed")


def build_app(settings: Settings, *, required: bool = True) -> FastAPI:
    """Return the sample."""
    return create_app(
        "sample",
        summary="A sample.",
        settings=settings,
        routers=[router],
        lifespan=lifespan,
        dependencies=[Dependency("store", probe, required=required)],
        storage_errors=[StorageDownError],
    )


app = build_app(Settings())
