"""A zip of Node.js in the real runtime client, whose native transport is stood in for."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tools.lambda_local.runtime import PAYLOAD_LIMIT, Function, RunningFunction, running


def greeter(**settings: object) -> Function:
    defaults = {
        "zip": Path(os.environ["GREETER"]),
        "handler": "handler.handler",
        "runtime": "nodejs24.x",
    }
    return Function(**{**defaults, **settings})  # type: ignore[arg-type]


def runs(process: int) -> bool:
    return Path(f"/proc/{process}").exists()


@pytest.fixture(scope="module")
async def function() -> AsyncIterator[RunningFunction]:
    async with running(greeter(environment={"SHOP": "s-1"}, timeout_seconds=2)) as ready:
        # Not the first event of any test.
        await ready.invoke({})
        yield ready


async def test_the_first_event_starts_the_process_and_says_how_long_that_took() -> None:
    async with running(greeter()) as ready:
        first = await ready.invoke({"n": 1})
        second = await ready.invoke({"n": 2})
    assert first.init_ms is not None
    assert 1 < first.init_ms < 10_000
    assert second.init_ms is None
    assert first.payload["process"] == second.payload["process"]
    assert [{"n": 1}, {"n": 2}] == [first.payload["event"], second.payload["event"]]


async def test_a_handler_finds_what_lambda_sets(function: RunningFunction) -> None:
    result = await function.invoke({})
    assert result.error is None
    assert 256 == int(result.payload["memory_mb"])
    assert 0 < result.payload["remaining_ms"] <= 2000
    found = result.payload["environment"]
    assert "s-1" == found["SHOP"]
    assert result.payload["folder"] == found["LAMBDA_TASK_ROOT"]
    assert not [name for name in found if name.startswith(("TEST_", "BAZEL", "RUNFILES"))]


async def test_the_log_holds_both_streams_and_the_lines_of_lambda(
    function: RunningFunction,
) -> None:
    result = await function.invoke({})
    request = result.payload["request_id"]
    assert f"START RequestId: {request} Version: $LATEST" in result.log
    assert "handling" in result.log
    assert "on stderr" in result.log
    assert f"REPORT RequestId: {request}" in result.log


async def test_an_error_of_the_handler_has_type_message_and_stack(
    function: RunningFunction,
) -> None:
    result = await function.invoke({"do": "raise"})
    assert result.payload is None
    assert result.error is not None
    assert "RangeError" == result.error["errorType"]
    assert "no such shop" == result.error["errorMessage"]
    assert "handler.mjs" in "".join(result.error["trace"])
    after = await function.invoke({"do": "answer", "answer": 1})
    assert (1, None, None) == (after.payload, after.error, after.init_ms)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "Task timed out after 2.00 seconds",
        {"errorType": "RangeError", "errorMessage": "returned, not raised", "trace": []},
        {"text": "\u00e4\u20ac\U0001f600", "list": [1, 2.5, None]},
    ],
)
async def test_what_a_handler_returns_comes_back_whatever_it_looks_like(
    function: RunningFunction, answer: object
) -> None:
    result = await function.invoke({"do": "answer", "answer": answer})
    assert (answer, None) == (result.payload, result.error)


@pytest.mark.parametrize("event", [{"do": "sleep", "seconds": 60}, {"do": "spin"}])
async def test_a_handler_that_is_too_slow_is_killed_and_the_next_event_starts_anew(
    function: RunningFunction, event: object
) -> None:
    before = (await function.invoke({})).payload["process"]
    slow = await function.invoke(event)
    assert slow.error is not None
    assert "Sandbox.Timedout" == slow.error["errorType"]
    assert not runs(before)
    after = await function.invoke({})
    assert after.error is None
    assert after.init_ms is not None


async def test_a_handler_that_ends_its_process_is_an_error_and_the_next_event_starts_anew(
    function: RunningFunction,
) -> None:
    ended = await function.invoke({"do": "exit", "status": 3})
    assert ended.error is not None
    assert "Runtime.ExitError" == ended.error["errorType"]
    after = await function.invoke({})
    assert after.error is None
    assert after.init_ms is not None


@pytest.mark.parametrize(
    ("handler", "error"),
    [
        ("nowhere.handler", "Runtime.ImportModuleError"),
        ("handler.absent", "Runtime.HandlerNotFound"),
    ],
)
async def test_a_handler_that_is_not_there_says_so(handler: str, error: str) -> None:
    async with running(greeter(handler=handler)) as ready:
        result = await ready.invoke({})
    assert result.error is not None
    assert error == result.error["errorType"]


async def test_an_answer_over_the_limit_is_an_error(function: RunningFunction) -> None:
    result = await function.invoke({"do": "large", "bytes": PAYLOAD_LIMIT + 1000})
    assert result.payload is None
    assert result.error is not None
    assert "Function.ResponseSizeTooLarge" == result.error["errorType"]


async def test_an_event_of_many_bytes_arrives_whole(function: RunningFunction) -> None:
    text = "\u20ac" * 500_000
    result = await function.invoke({"do": "answer", "answer": text})
    assert (text, None) == (result.payload, result.error)
