"""A running function, which each target has of its own language."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tools.lambda_local.runtime import RunningFunction, running
from tools.lambda_local.tests.greeting import greeter


@pytest.fixture(scope="module")
async def function() -> AsyncIterator[RunningFunction]:
    async with running(greeter(environment={"SHOP": "s-1"}, timeout_seconds=2)) as ready:
        # Not the first event of any test.
        await ready.invoke({})
        yield ready
