"""Functions that answer as a test says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """The outcome of a call."""

    payload: Any = None
    error: dict[str, str] | None = None


def reporting(*identifiers: str) -> Answer:
    """Return an answer that reports items as failed."""
    return Answer({"batchItemFailures": [{"itemIdentifier": each} for each in identifiers]})


CRASH = Answer(error={"errorType": "Runtime.ExitError", "errorMessage": "exit status 1"})


class Scripted:
    """Answers by `decide`, and keeps the records that it was called with."""

    def __init__(
        self, decide: Callable[[list[dict[str, Any]]], Answer] = lambda _: Answer()
    ) -> None:
        self.decide = decide
        self.calls: list[list[dict[str, Any]]] = []
        self._news = asyncio.Event()

    async def invoke(self, event: Any) -> Answer:
        """Answer."""
        records: list[dict[str, Any]] = event["Records"]
        self.calls.append(records)
        self._news.set()
        return self.decide(records)

    async def until(self, condition: Callable[[], bool], *, seconds: float = 30) -> None:
        """Wait for what calls bring about. Raise TimeoutError."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._news.clear()
                await self._news.wait()
