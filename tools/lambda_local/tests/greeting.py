"""The example function of the language that the test target names in its environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tools.lambda_local.runtime import NODE, PYTHON, Function

HANDLER = os.environ["HANDLER"]
RUNTIME = os.environ["RUNTIME"]


@dataclass(frozen=True)
class Raised:
    """How an error that the handler raises looks in this language."""

    kind: str
    stack: str
    """The field of the error that has the stack."""
    file: str


RAISED = {
    NODE: Raised("RangeError", "trace", "handler.mjs"),
    PYTHON: Raised("ValueError", "stackTrace", "handler.py"),
}[RUNTIME]


def greeter(**settings: object) -> Function:
    """Return the function's configuration, with other settings in place of its own."""
    own = {"zip": Path(os.environ["GREETER"]), "handler": HANDLER, "runtime": RUNTIME}
    return Function(**{**own, **settings})  # type: ignore[arg-type]


def runs(process: int) -> bool:
    """Tell whether there is a process of that number."""
    return Path(f"/proc/{process}").exists()
