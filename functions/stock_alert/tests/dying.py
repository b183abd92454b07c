"""The function as a process that dies at one of its calls of AWS; run by test_crashes.py.

Usage: python -m functions.stock_alert.tests.dying CALL before|after < EVENT

SIGKILL comes just before the call of that number (from 1) is sent, or just after its answer came.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

import boto3

from functions.stock_alert import handler
from functions.stock_alert.tests.deployment import Context


def main(number: int, when: str) -> None:
    """Handle the event on stdin, if the process lives."""
    calls = 0

    def call(**_: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)

    session = boto3.Session()
    session.events.register(f"{when}-call", call)
    boto3.DEFAULT_SESSION = session
    event = json.load(sys.stdin)
    json.dump(handler.handle(event, Context()), sys.stderr)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
