"""A short way through the framework, for the few routes on which every microsecond is paid for.

FastAPI's way from a request to an endpoint's arguments solves dependencies and builds its errors
for each request. A short way reads the request itself and knows only well-formed ones; all others
go the usual way, which refuses them as it does everywhere. The description of the API is that of
the usual way.
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

type ShortWay = Callable[[Request], Awaitable[Response | None]]
"""Returns None for a request that the usual way shall judge; raises what an endpoint raises."""


def route_with(short_way: ShortWay) -> type[APIRoute]:
    """Return the class of routes whose requests are offered to `short_way` first."""

    class ShortRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            usual_way = super().get_route_handler()

            async def handle(request: Request) -> Response:
                return await short_way(request) or await usual_way(request)

            return handle

    return ShortRoute


async def body_as[Model: BaseModel](request: Request, model: type[Model]) -> Model | None:
    """Return the JSON body of a request as `model`, or None when it is not well-formed."""
    if request.headers.get("content-type") != "application/json":
        return None
    try:
        return model.model_validate_json(await request.body())
    except ValidationError:
        return None
