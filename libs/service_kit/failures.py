"""Failure switches: what goes wrong is chosen by a test or by whoever tries the service out.

Off unless FAILURE_SWITCHES is true. Then the request header `X-Failure` names switches, separated
by commas:

    delay=SECONDS          wait before the request is handled
    error=STATUS           answer a problem with this status instead of handling the request
    crash@POINT            end the process, as SIGKILL does, when the request comes to the point
    delay@POINT=SECONDS    wait there
    error@POINT            fail there, as a bug does

Points are places in the services' code that call `failure_point`; their READMEs list them.
"""

import asyncio
import os
import re
from contextvars import ContextVar
from dataclasses import dataclass
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from libs.service_kit.problems import (
    BAD_FAILURE_SWITCH,
    ProblemError,
    ProblemKind,
    problem_response,
)

HEADER = "X-Failure"
_CRASHED = 128 + 9
_LONGEST_SECONDS = 60
_SWITCH = re.compile(
    r"(?P<what>delay|error|crash)(?:@(?P<point>[a-z][a-z-]*))?(?:=(?P<value>\d+(?:\.\d+)?))?"
)


class SwitchedOnError(Exception):
    """The failure that `error@POINT` asks for."""


@dataclass(frozen=True, slots=True)
class _Switch:
    what: str
    point: str | None
    value: float


_switches: ContextVar[tuple[_Switch, ...]] = ContextVar("failure_switches", default=())


async def failure_point(name: str) -> None:
    """Fail here if the present request asks for it; without switches do nothing."""
    switches = _switches.get()
    if not switches:
        return
    for switch in switches:
        if switch.point != name:
            continue
        match switch.what:
            case "crash":
                os._exit(_CRASHED)
            case "delay":
                await asyncio.sleep(switch.value)
            case "error":
                raise SwitchedOnError(f"switched on at {name}")


class FailureMiddleware:
    """Obey the header of each request; part of an application only when switches are on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry one request."""
        headers = Headers(scope=scope).getlist(HEADER) if scope["type"] == "http" else None
        if not headers:
            await self._app(scope, receive, send)
            return
        try:
            switches = tuple(_parse(text.strip()) for text in ",".join(headers).split(","))
        except ProblemError as refusal:
            await problem_response(refusal)(scope, receive, send)
            return
        for switch in switches:
            if switch.point is None and switch.what == "delay":
                await asyncio.sleep(switch.value)
            elif switch.point is None:
                await problem_response(_chosen(int(switch.value)))(scope, receive, send)
                return
        token = _switches.set(switches)
        try:
            await self._app(scope, receive, send)
        finally:
            _switches.reset(token)


def _parse(text: str) -> _Switch:
    found = _SWITCH.fullmatch(text)
    what, point, value = found.group("what", "point", "value") if found else ("", None, None)
    well_formed = {
        "crash": point is not None and value is None,
        "delay": value is not None and float(value) <= _LONGEST_SECONDS,
        "error": (value is None) if point else (value or "") in _STATUSES,
    }
    if not well_formed.get(what):
        raise ProblemError(
            BAD_FAILURE_SWITCH,
            f"{text!r} is not delay=SECONDS, error=STATUS, crash@POINT, delay@POINT=SECONDS "
            f"(at most {_LONGEST_SECONDS}) or error@POINT",
        )
    return _Switch(what, point, float(value or 0))


_STATUSES = {str(status.value) for status in HTTPStatus if status >= HTTPStatus.BAD_REQUEST}


def _chosen(status: int) -> ProblemError:
    kind = ProblemKind("switched-on", HTTPStatus(status), "A failure switch asked for this")
    return ProblemError(kind, f"the header {HEADER} asked for {status}")
