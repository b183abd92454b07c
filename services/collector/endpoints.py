"""Routes of collector."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Request, Response, Security
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPBearer

from libs.service_kit import (
    answer,
    extend_deadline,
    refusals,
    require_json,
    route_with,
)
from services.collector.clients import Clients, address_of
from services.collector.job_service import JobService
from services.collector.jobs import Job
from services.collector.messages import JobOut, JobPage, ListQuery, PageQuery, ResultPage
from services.collector.problems import (
    BAD_CURSOR,
    JOB_NOT_FINISHED,
    JOB_NOT_FOUND,
    JOB_NOT_REPLAYABLE,
    KEY_REUSED,
    QUEUE_FULL,
    QUOTA_EXCEEDED,
    SOURCE_REFUSED,
    TOO_MANY_DOWNLOADS,
    UNKNOWN_CLIENT,
)
from services.collector.triggers import TriggerIn

PREFIX = "/api/v1/jobs"
NDJSON = "application/x-ndjson"


async def _recognise(request: Request) -> None:
    """Know the client before anything else of a request is looked at."""
    clients: Clients | None = request.app.state.clients
    request.state.client = clients.named_by(request) if clients else address_of(request)


router = APIRouter(prefix=PREFIX, tags=["jobs"], route_class=route_with(_recognise))


def guarded(jobs: APIRouter) -> APIRouter:
    """Return the same routes, described as those that want a client's token."""
    bearer = HTTPBearer(auto_error=False, description="The token of a client of CLIENTS_FILE.")
    described = APIRouter(dependencies=[Security(bearer)], responses=refusals(UNKNOWN_CLIENT))
    described.include_router(jobs)
    return described


async def _service(request: Request) -> JobService:
    return request.app.state.jobs  # type: ignore[no-any-return]


async def _client(request: Request) -> str:
    return request.state.client  # type: ignore[no-any-return]


type _Service = Annotated[JobService, Depends(_service)]
type _Client = Annotated[str, Depends(_client)]
type _JobId = Annotated[str, Path(examples=["0194f2c3a1b87c4e9d0f5a6b7c8d9e0f"])]
type _Key = Annotated[str | None, Header(alias="Idempotency-Key", pattern=r"^[\x21-\x7e]{1,255}$")]

_ITS_JOB = {"job_id": "$response.body#/job_id"}
_FOLLOWING = dict.fromkeys(
    ("job_status", "job_result", "download_result", "cancel_job", "replay_job"), _ITS_JOB
)
_DOWNLOAD: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A record a line",
        "content": {NDJSON: {"schema": {"type": "string"}}},
        "headers": {
            "Content-Disposition": {
                "description": "An attachment of the job's name.",
                "required": True,
                "schema": {"type": "string"},
            }
        },
    }
}
_EXAMPLES: Any = {
    "api": {
        "value": {
            "source_type": "api",
            "config": {
                "url": "https://api.shop.example/v1/sales",
                "auth": {"secret": "shop-token"},
                "records": "data",
                "paging": {"kind": "cursor", "parameter": "after", "next": "meta.next"},
                "shape": {"record_id": "id"},
            },
        }
    },
    "database": {
        "value": {
            "source_type": "database",
            "config": {"connection": "shop", "table": "sales", "shape": {"record_id": "id"}},
        }
    },
    "file": {
        "value": {
            "source_type": "file",
            "config": {"root": "exports", "path": "sales.csv", "shape": {"record_id": "id"}},
        }
    },
}


@router.post(
    "/trigger",
    operation_id="trigger_job",
    status_code=202,
    dependencies=[Depends(require_json)],
    responses=answer(202, headers={"Location": "The job's status."}, links=_FOLLOWING)
    | refusals(SOURCE_REFUSED, KEY_REUSED, QUOTA_EXCEEDED, QUEUE_FULL),
)
async def trigger_job(
    wanted: Annotated[TriggerIn, Body(openapi_examples=_EXAMPLES)],
    service: _Service,
    client: _Client,
    response: Response,
    key: _Key = None,
) -> JobOut:
    """Take a job on, for workers to do; repeating it with the same key gives the same job."""
    return _located(response, await service.trigger(client, wanted, key))


@router.get("/status/{job_id}", operation_id="job_status", responses=refusals(JOB_NOT_FOUND))
async def job_status(job_id: _JobId, service: _Service, client: _Client) -> JobOut:
    """Tell how far a job is."""
    return JobOut.of(await service.status(client, job_id))


@router.get(
    "/result/{job_id}",
    operation_id="job_result",
    response_model=ResultPage,
    responses=answer(
        200,
        links={
            "job_result": {
                "job_id": "$response.body#/job/job_id",
                "cursor": "$response.body#/next_cursor",
            }
        },
    )
    | refusals(JOB_NOT_FOUND, JOB_NOT_FINISHED, BAD_CURSOR),
)
async def job_result(
    job_id: _JobId, query: Annotated[PageQuery, Query()], service: _Service, client: _Client
) -> Response:
    """Give a page of what a finished job collected, whichever way it ended."""
    return Response(await service.result(client, job_id, query), media_type="application/json")


async def _download_slot(service: _Service) -> AsyncIterator[None]:
    with service.downloading():
        yield


@router.get(
    "/result/{job_id}/download",
    operation_id="download_result",
    response_class=StreamingResponse,
    dependencies=[Depends(_download_slot)],
    responses=_DOWNLOAD | refusals(JOB_NOT_FOUND, JOB_NOT_FINISHED, TOO_MANY_DOWNLOADS),
)
async def download_result(
    job_id: _JobId, request: Request, service: _Service, client: _Client
) -> StreamingResponse:
    """Give all that a finished job collected as NDJSON; an answer that breaks off is not all."""
    lines = await service.download(client, job_id)
    extend_deadline(request.app.state.download_timeout_seconds)
    headers = {"Content-Disposition": f'attachment; filename="{job_id}.ndjson"'}
    return StreamingResponse(lines, media_type=NDJSON, headers=headers)


@router.post(
    "/cancel/{job_id}",
    operation_id="cancel_job",
    responses=answer(200, links=_FOLLOWING) | refusals(JOB_NOT_FOUND),
)
async def cancel_job(job_id: _JobId, service: _Service, client: _Client) -> JobOut:
    """End a job, at once while it waits and soon while it runs; a finished one stays as it is."""
    return JobOut.of(await service.cancel(client, job_id))


@router.post(
    "/replay/{job_id}",
    operation_id="replay_job",
    status_code=202,
    responses=answer(202, headers={"Location": "The job's status."}, links=_FOLLOWING)
    | refusals(JOB_NOT_FOUND, JOB_NOT_REPLAYABLE, QUOTA_EXCEEDED, QUEUE_FULL),
)
async def replay_job(
    job_id: _JobId, service: _Service, client: _Client, response: Response
) -> JobOut:
    """Have a failed or dead job go on where it was."""
    return _located(response, await service.replay(client, job_id))


@router.get(
    "",
    operation_id="list_jobs",
    responses=answer(
        200,
        links={
            "list_jobs": {
                "state": "$request.query.state",
                "cursor": "$response.body#/next_cursor",
            }
        },
    )
    | refusals(BAD_CURSOR),
)
async def list_jobs(
    query: Annotated[ListQuery, Query()], service: _Service, client: _Client
) -> JobPage:
    """List the client's jobs, newest first."""
    return await service.page(client, query)


def _located(response: Response, job: Job) -> JobOut:
    response.headers["Location"] = f"{PREFIX}/status/{job.job_id}"
    return JobOut.of(job)
