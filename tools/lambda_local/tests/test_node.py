"""What only a zip of Node.js shows, whose client's native transport is stood in for."""

from tools.lambda_local.runtime import RunningFunction
from tools.lambda_local.tests.greeting import runs


async def test_a_handler_that_never_yields_is_killed_too(function: RunningFunction) -> None:
    before = (await function.invoke({})).payload["process"]
    slow = await function.invoke({"do": "spin"})
    assert slow.error is not None
    assert "Sandbox.Timedout" == slow.error["errorType"]
    assert not runs(before)
    assert (await function.invoke({})).error is None
