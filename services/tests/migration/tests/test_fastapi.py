"""What FastAPI does otherwise than the versions that the starting projects had.

docs/migration.md has it as a table, with what 0.95.0 and 0.100.0 did, and where in the tree each
matters.
"""

import datetime as dt
import importlib
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Query
from fastapi.exceptions import FastAPIDeprecationWarning, PydanticV1NotSupportedError
from fastapi.responses import ORJSONResponse
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from starlette.exceptions import StarletteDeprecationWarning


class Line(BaseModel):
    """A body."""

    units: int = 1


class Note(BaseModel):
    """A body, and an answer, whose field may be null."""

    note: str | None


def client_of(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://app")


@pytest.fixture
def app() -> FastAPI:
    """An application of the plain kind, without what create_app adds."""
    app = FastAPI()

    @app.post("/lines")
    async def put(line: Line) -> int:
        return line.units

    return app


# Requests


async def test_errors_have_other_kinds_and_say_what_came(app: FastAPI) -> None:
    async with client_of(app) as client:
        (error,) = (await client.post("/lines", json={"units": "x"})).json()["detail"]
    assert "int_parsing" == error["type"]
    assert ["body", "units"] == error["loc"]
    assert "x" == error["input"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 422),
        ({"content-type": "text/plain"}, 422),
        ({"content-type": "application/json"}, 200),
        ({"content-type": "application/geo+json"}, 200),
    ],
)
async def test_a_body_has_to_say_that_it_is_json(
    app: FastAPI, headers: dict[str, str], status: int
) -> None:
    async with client_of(app) as client:
        answer = await client.post("/lines", content=b"{}", headers=headers)
    assert status == answer.status_code


async def test_a_request_without_credentials_is_unauthorized_not_forbidden() -> None:
    app = FastAPI()

    @app.get("/", dependencies=[Depends(HTTPBearer())])
    async def get() -> int:
        return 1

    async with client_of(app) as client:
        assert 401 == (await client.get("/")).status_code


def test_a_pattern_of_a_parameter_is_not_called_regex() -> None:
    with pytest.warns(FastAPIDeprecationWarning, match="pattern"):
        Query(regex="^a$")


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_models_of_the_first_version_are_refused() -> None:
    first = importlib.import_module("pydantic.v1")
    model = first.create_model("Old", units=(int, 1))
    app = FastAPI()
    with pytest.raises(PydanticV1NotSupportedError):
        app.post("/")(_taking(model))


def _taking(model: Any) -> Callable[..., object]:
    def put(old: Any) -> int:
        return int(old.units)

    put.__annotations__["old"] = model
    return put


# Answers


class Measured(BaseModel):
    """What JSON has no types for."""

    price: Decimal = Decimal("1.50")
    at: dt.datetime = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    waited: dt.timedelta = dt.timedelta(seconds=90)
    share: float = float("nan")


async def test_decimals_times_and_nan_are_written_otherwise() -> None:
    app = FastAPI()

    @app.get("/")
    async def get() -> Measured:
        return Measured()

    async with client_of(app) as client:
        answer = await client.get("/")
    assert {
        "price": "1.50",
        "at": "2026-01-01T00:00:00Z",
        "waited": "PT1M30S",
        "share": None,
    } == answer.json()


async def test_nan_outside_of_a_model_is_still_an_error() -> None:
    app = FastAPI()

    @app.get("/", response_model=None)
    async def get() -> dict[str, float]:
        return {"share": float("nan")}

    async with client_of(app) as client:
        assert 500 == (await client.get("/")).status_code


async def test_an_answer_is_checked_and_cut_to_what_is_declared() -> None:
    app = FastAPI()

    @app.get("/{value}")
    async def get(value: str) -> Note:
        return {"note": 1 if value == "1" else value, "margin": 2}  # type: ignore[return-value]

    async with client_of(app) as client:
        assert {"note": "a"} == (await client.get("/a")).json()
        assert 500 == (await client.get("/1")).status_code


def test_fast_answers_are_the_default_and_their_class_is_deprecated() -> None:
    with pytest.warns(FastAPIDeprecationWarning):
        ORJSONResponse({})


def test_the_description_is_openapi_3_1_and_says_null(app: FastAPI) -> None:
    @app.post("/notes")
    async def put(note: Note) -> None: ...

    description = app.openapi()
    assert "3.1.0" == description["openapi"]
    note = description["components"]["schemas"]["Note"]["properties"]["note"]
    assert [{"type": "string"}, {"type": "null"}] == note["anyOf"]


# Applications


async def test_events_are_deprecated_and_a_lifespan_silences_them() -> None:
    called: list[str] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        called.append("lifespan")
        yield

    app = FastAPI(lifespan=lifespan)
    with pytest.warns(DeprecationWarning, match="lifespan"):
        app.on_event("startup")(lambda: called.append("event"))
    async with app.router.lifespan_context(app):
        pass
    assert ["lifespan"] == called


def test_the_routes_of_a_router_are_not_copied_into_the_application() -> None:
    router = APIRouter()

    @router.get("/inner")
    async def get() -> int:
        return 1

    included = FastAPI()
    included.include_router(router)
    assert "/inner" not in {getattr(route, "path", None) for route in included.routes}
    assert "/inner" in {
        getattr(route, "path", None) for route in FastAPI(routes=router.routes).routes
    }


def test_the_test_client_asks_for_another_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "starlette.testclient", raising=False)
    with pytest.warns(StarletteDeprecationWarning, match="httpx2"):
        importlib.import_module("starlette.testclient")


async def test_a_parameter_is_annotated_and_its_default_is_the_functions() -> None:
    app = FastAPI()

    @app.get("/")
    async def get(limit: Annotated[int, Query(ge=1)] = 20) -> int:
        return limit

    async with client_of(app) as client:
        assert 20 == (await client.get("/")).json()
    assert 20 == await get()
