"""The factory that every service's application comes from."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from libs.service_kit.api_description import describe_problems
from libs.service_kit.body_limit import BodyLimitMiddleware
from libs.service_kit.concurrency import ConcurrencyMiddleware
from libs.service_kit.deadline import DeadlineMiddleware
from libs.service_kit.failures import FailureMiddleware
from libs.service_kit.health import Dependency, health_router
from libs.service_kit.lifecycle import Lifecycle, StartError
from libs.service_kit.logs import get_logger
from libs.service_kit.metrics import Metrics
from libs.service_kit.observation import ObservationMiddleware
from libs.service_kit.problems import (
    STORAGE_UNAVAILABLE,
    ProblemError,
    answer_problem,
    problem_response,
)
from libs.service_kit.request_errors import answer_http_exception, answer_validation_error
from libs.service_kit.settings import ServiceSettings
from libs.service_kit.tracing import framework_settings, tracing

log = get_logger(__name__)


def create_app(
    name: str,
    *,
    summary: str,
    settings: ServiceSettings,
    routers: Sequence[APIRouter],
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]],
    dependencies: Sequence[Dependency] = (),
    storage_errors: Sequence[type[Exception]] = (),
    metrics: Metrics | None = None,
) -> FastAPI:
    """Return the application of the service `name`.

    Args:
        summary: One line for the API's description.
        settings: Limits that hold for every request.
        routers: The service's own routes.
        lifespan: Opens what the service needs and closes it after the last request.
        dependencies: What /ready asks.
        storage_errors: Exceptions that mean "the data store does not answer": 503 with Retry-After.
        metrics: Where the service counts, when it counts more than its requests.
    """
    metrics = metrics or Metrics()
    lifecycle = Lifecycle()

    @asynccontextmanager
    async def whole_lifespan(app: FastAPI) -> AsyncIterator[None]:
        if settings.failure_switches:
            log.warning("failure_switches_on", service=name)
        try:
            async with tracing(name), lifespan(app):
                yield
        except StartError as refusal:
            lifecycle.refusal = str(refusal)
            raise

    operations = health_router(
        dependencies=dependencies,
        lifecycle=lifecycle,
        metrics=metrics,
        probe_timeout_seconds=settings.probe_timeout_seconds,
    )
    # Documentation pages would load scripts from elsewhere; the description itself is enough.
    app = FastAPI(
        title=name,
        summary=summary,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=whole_lifespan,
        telemetry=framework_settings(),
        # Not by include_router, whose way through several routers costs each request 14 us more.
        # The first that fits is taken, so what is asked most comes first.
        routes=[route for router in (*routers, operations) for route in router.routes],
    )
    app.state.lifecycle = lifecycle
    describe_problems(app)
    app.add_exception_handler(ProblemError, answer_problem)
    app.add_exception_handler(HTTPException, answer_http_exception)
    app.add_exception_handler(RequestValidationError, answer_validation_error)
    for kind in storage_errors:
        app.add_exception_handler(kind, _answer_storage_error)
    # Last added is outermost: a request is observed first, then let in, then timed, then read.
    if settings.failure_switches:
        app.add_middleware(FailureMiddleware)
    app.add_middleware(BodyLimitMiddleware, max_bytes=settings.max_body_bytes)
    app.add_middleware(
        DeadlineMiddleware, seconds=settings.request_timeout_seconds, metrics=metrics
    )
    app.add_middleware(
        ConcurrencyMiddleware,
        limit=settings.max_concurrent_requests,
        max_body_bytes=settings.max_body_bytes,
        metrics=metrics,
    )
    app.add_middleware(ObservationMiddleware, metrics=metrics, lifecycle=lifecycle)
    return app


async def _answer_storage_error(_: Request, exc: Exception) -> Response:
    log.warning("storage_unavailable", problem=str(exc))
    return problem_response(
        ProblemError(
            STORAGE_UNAVAILABLE,
            "the data store does not answer; repeat the request, writes are idempotent",
            headers={"Retry-After": "1"},
        )
    )
