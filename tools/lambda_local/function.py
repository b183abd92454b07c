"""What is run: a function as Lambda's configuration describes it, and what an invocation gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.lambda_local.errors import FunctionError

PYTHON, NODE = "python3.13", "nodejs24.x"

# Lambda's own limits: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_TIMEOUT_SECONDS = (1, 900)
_MEMORY_MB = (128, 10_240)


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function's configuration.

    `environment` is all that the handler finds beside what Lambda sets. `timeout_seconds` is whole,
    as Lambda's is. `memory_mb` is told to the handler, not enforced.

    Raises:
        FunctionError: a value that Lambda would refuse, or a file that is not there.
    """

    zip: Path
    handler: str
    runtime: str
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: int = 10
    memory_mb: int = 256
    name: str = "function"

    def __post_init__(self) -> None:
        if not self.zip.is_file():
            raise FunctionError(f"zip = {self.zip}: there is no such file")
        if self.runtime not in (PYTHON, NODE):
            raise FunctionError(f"runtime = {self.runtime!r}: takes {PYTHON} or {NODE}")
        if "." not in self.handler:
            raise FunctionError(f"handler = {self.handler!r}: takes module.function")
        for attribute, value, (low, high) in (
            ("timeout_seconds", self.timeout_seconds, _TIMEOUT_SECONDS),
            ("memory_mb", self.memory_mb, _MEMORY_MB),
        ):
            if not isinstance(value, int) or not low <= value <= high:
                raise FunctionError(
                    f"{attribute} = {value!r}: takes a whole number, {low} to {high}"
                )


@dataclass(frozen=True)
class Invocation:
    """What an invocation gave.

    `payload` is what the handler returned; None if it failed. `error` is the error as Lambda
    returns it, with `errorType`, `errorMessage` and, of a handler's exception, `stackTrace`
    (Python) or `trace` (Node.js). `log` is what the function wrote, to both streams, with Lambda's
    START, END and REPORT lines. `duration_ms` is the handler's time; `init_ms` the time to start
    the process and import the handler, None if it was there.
    """

    payload: Any
    error: dict[str, Any] | None
    log: str
    duration_ms: float
    init_ms: float | None
