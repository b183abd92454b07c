"""/health says that the process lives, /ready that its dependencies answer, /metrics the rest."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from libs.service_kit.api_description import refusals
from libs.service_kit.lifecycle import Lifecycle
from libs.service_kit.logs import get_logger
from libs.service_kit.metrics import Metrics
from libs.service_kit.problems import NOT_READY, ProblemError

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Dependency:
    """Something that a service calls, and how to see that it answers."""

    name: str
    probe: Callable[[], Awaitable[object]]
    """Raises when the dependency does not answer."""
    required: bool = True
    """False when the service still does its work without: /ready then says so and stays 200."""


class Health(BaseModel):
    """The process lives."""

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """The service takes requests; `degraded` when a dependency that it can do without is away."""

    status: Literal["ready", "degraded"]
    dependencies: dict[str, str]


def health_router(
    *,
    dependencies: Sequence[Dependency],
    lifecycle: Lifecycle,
    metrics: Metrics,
    probe_timeout_seconds: float,
) -> APIRouter:
    """Return the operational routes of a service."""
    router = APIRouter(tags=["operations"])

    @router.get("/health")
    async def health() -> Health:
        """Say that the process lives."""
        return Health()

    @router.get("/ready", responses=refusals(NOT_READY))
    async def ready() -> Readiness:
        """Ask every dependency, and name those that do not answer."""
        if lifecycle.draining:
            raise ProblemError(NOT_READY, "the service is stopping", dependencies={})
        answers = await asyncio.gather(
            *(_probe(dependency, probe_timeout_seconds) for dependency in dependencies)
        )
        states = {
            dependency.name: answer
            for dependency, answer in zip(dependencies, answers, strict=True)
        }
        failed = [dependency for dependency in dependencies if states[dependency.name] != "ok"]
        if any(dependency.required for dependency in failed):
            names = ", ".join(dependency.name for dependency in failed)
            raise ProblemError(NOT_READY, f"no answer from: {names}", dependencies=states)
        return Readiness(status="degraded" if failed else "ready", dependencies=states)

    text: dict[int | str, dict[str, Any]] = {
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}}
    }

    @router.get("/metrics", response_class=Response, responses=text)
    async def metrics_page() -> Response:
        """Give all metrics in Prometheus' text format."""
        return metrics.render()

    return router


async def _probe(dependency: Dependency, timeout_seconds: float) -> str:
    try:
        async with asyncio.timeout(timeout_seconds):
            await dependency.probe()
    except TimeoutError:
        problem = f"no answer within {timeout_seconds:g} s"
    except Exception as exc:
        problem = type(exc).__name__
    else:
        return "ok"
    log.warning("probe_failed", dependency=dependency.name, problem=problem)
    return problem
