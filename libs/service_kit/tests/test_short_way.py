"""A short way takes what is well-formed, and leaves the rest to the usual one."""

from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Header, Request, Response
from pydantic import BaseModel, ConfigDict

from libs.service_kit import body_as, require_json, route_with


class Thing(BaseModel):
    """A body."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str


async def _shortly(request: Request) -> Response | None:
    thing = await body_as(request, Thing)
    return Response(f"short {thing.name}") if thing else None


router = APIRouter(route_class=route_with(_shortly))


@router.post("/things", dependencies=[Depends(require_json)])
async def post_thing(thing: Thing, colour: Annotated[str, Header()] = "none") -> Response:
    return Response(f"usual {thing.name} {colour}")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI(routes=router.routes)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sample") as client:
        yield client


async def test_what_is_well_formed_goes_the_short_way(client: httpx.AsyncClient) -> None:
    assert (await client.post("/things", json={"name": "a"})).text == "short a"


@pytest.mark.parametrize(
    ("content", "media_type", "answer"),
    [
        (b'{"name": "a"}', "application/json; charset=utf-8", (200, "usual a none")),
        ('{"name": "a"}'.encode("utf-16"), "application/json", (200, "usual a none")),
        (b'{"name": 1}', "application/json", (422, "string_type")),
        (b'{"name": "a", "size": 1}', "application/json", (422, "extra_forbidden")),
        (b"{", "application/json", (422, "json_invalid")),
        (b"", "application/json", (422, "missing")),
    ],
)
async def test_the_rest_is_read_again_and_judged_the_usual_way(
    client: httpx.AsyncClient, content: bytes, media_type: str, answer: tuple[int, str]
) -> None:
    headers = {"Content-Type": media_type}
    response = await client.post("/things", content=content, headers=headers)
    assert response.status_code == answer[0]
    assert answer[1] in response.text


async def test_the_description_is_that_of_the_usual_way(client: httpx.AsyncClient) -> None:
    described = (await client.get("/openapi.json")).json()["paths"]["/things"]["post"]
    assert [parameter["name"] for parameter in described["parameters"]] == ["colour"]
    assert "requestBody" in described
