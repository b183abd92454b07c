"""Routes of data_processor."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute
from pydantic import Json
from starlette.requests import ClientDisconnect

from libs.service_kit import ProblemError, refusals, require_json, route_with
from libs.service_kit.body_limit import BodyLimitMiddleware
from services.data_processor.answers import TransformIn, TransformOut, read_shortly
from services.data_processor.conversion import Conversion, Wanted
from services.data_processor.files import pieces_of
from services.data_processor.formats import MEDIA_TYPE_OF, MEDIA_TYPES, Format, format_of
from services.data_processor.pipeline import Pipeline
from services.data_processor.problems import (
    BAD_COLUMNS,
    BAD_ENCODING,
    NO_RATES,
    ROW_TOO_LONG,
    TOO_MANY_GROUPS,
    TOO_MANY_RECORDS,
    UNKNOWN_FORMAT,
    UNPACKS_TOO_LARGE,
    UNREADABLE_FILE,
)
from services.data_processor.spool import Limits, spool
from services.data_processor.transforming import Transformer

SUMMARY_HEADER = "X-Transform-Summary"

_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_BODY = {"required": True, "content": dict.fromkeys(MEDIA_TYPES, _BINARY)}
_FILE_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The result, the reject report, or both and the summary in a ZIP archive",
        "content": {
            media_type.partition(";")[0]: _BINARY
            for media_type in (*MEDIA_TYPE_OF.values(), "application/zip")
        },
        "headers": {
            SUMMARY_HEADER: {
                "description": "A `Summary` as JSON.",
                "required": True,
                "schema": {"type": "string"},
            }
        },
    }
}


async def _transformer(request: Request) -> Transformer:
    return request.app.state.transformer  # type: ignore[no-any-return]


type _Transformer = Annotated[Transformer, Depends(_transformer)]


async def _transform_shortly(request: Request) -> Response | None:
    if request.headers.get("content-type") != "application/json":
        return None
    wanted = read_shortly(await request.body())
    return _json(request.app.state.transformer.answer(wanted)) if wanted else None


def transform_router(*, max_bytes: int) -> APIRouter:
    """Return the route for records, whose bodies are smaller than those of files."""
    router = APIRouter(prefix="/v1", route_class=route_with(_transform_shortly))

    @router.post(
        "/transform",
        response_model=TransformOut,
        tags=["transform"],
        dependencies=[Depends(require_json)],
        responses=refusals(NO_RATES, TOO_MANY_GROUPS),
    )
    async def transform(wanted: TransformIn, transformer: _Transformer) -> Response:
        """Clean records, and say of those that cannot be what is wrong with them."""
        return _json(transformer.answer(wanted))

    for route in router.routes:
        if isinstance(route, APIRoute):
            route.app = BodyLimitMiddleware(route.app, max_bytes=max_bytes)
    return router


files_router = APIRouter(prefix="/v1")


@files_router.post(
    "/transform/file",
    response_class=StreamingResponse,
    tags=["transform"],
    openapi_extra={"requestBody": _BODY},
    responses=_FILE_ANSWER
    | refusals(
        UNKNOWN_FORMAT,
        UNREADABLE_FILE,
        BAD_ENCODING,
        BAD_COLUMNS,
        ROW_TOO_LONG,
        UNPACKS_TOO_LARGE,
        NO_RATES,
        TOO_MANY_GROUPS,
        TOO_MANY_RECORDS,
    ),
)
async def transform_file(
    request: Request,
    transformer: _Transformer,
    pipeline: Annotated[Json[Pipeline], Query(description="As in `TransformIn`.")] = "[]",  # type: ignore[assignment]
    output: Annotated[Format, Query()] = "csv",
    answer: Annotated[Wanted, Query()] = "records",
    delimiter: Annotated[Literal["comma", "semicolon", "tab", "pipe"], Query()] = "comma",
    content_encoding: Annotated[Literal["identity", "gzip"], Header()] = "identity",
) -> StreamingResponse:
    """Clean a file of records; the answer begins when all of the file was worked on."""
    given = format_of(request.headers.get("content-type", ""))
    plan = transformer.plan_for_file(pipeline)
    settings = transformer.settings
    limits = Limits(settings.max_unpacked_bytes, settings.max_unpacking_ratio)
    files = transformer.files
    with files.room() as room, files.new_file() as file:
        try:
            quotes = await spool(
                request.stream(),
                file,
                packed=content_encoding == "gzip",
                text=given != "parquet",
                limits=limits,
            )
        except ClientDisconnect as error:
            raise ProblemError(UNREADABLE_FILE, "the body ended before its time") from error
        converted = await transformer.convert(
            room,
            Conversion(
                file=file,
                given=given,
                output=output,
                wanted=answer,
                plan=plan,
                delimiter=_DELIMITERS[delimiter],
                quotes=quotes,
                most_bytes=settings.max_unpacked_bytes,
                new_file=files.new_file,
            ),
        )
    media_type, name = {
        "records": (MEDIA_TYPE_OF[output], f"records.{output}"),
        "rejects": (MEDIA_TYPE_OF["ndjson"], "rejects.ndjson"),
        "archive": ("application/zip", "records.zip"),
    }[answer]
    headers = {
        SUMMARY_HEADER: converted.summary.model_dump_json(),
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    return StreamingResponse(pieces_of(converted.file), media_type=media_type, headers=headers)


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")
