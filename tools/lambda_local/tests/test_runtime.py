"""A zip in AWS's runtime client behind the emulator: the same for every language."""

import asyncio
import json
from pathlib import Path

import pytest

from tools.lambda_local.runtime import (
    PAYLOAD_LIMIT,
    PayloadTooLargeError,
    RunningFunction,
    running,
)
from tools.lambda_local.tests.greeting import HANDLER, RAISED, greeter, runs


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
    assert 0 < result.duration_ms < 2000
    found = result.payload["environment"]
    assert "s-1" == found["SHOP"]
    assert result.payload["folder"] == found["LAMBDA_TASK_ROOT"]
    assert HANDLER == found["_HANDLER"]
    assert "us-east-1" == found["AWS_REGION"]


async def test_nothing_of_the_callers_environment_comes_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OF_THE_CALLER", "1")
    async with running(greeter()) as ready:
        found = (await ready.invoke({})).payload["environment"]
    assert "OF_THE_CALLER" not in found
    assert not [name for name in found if name.startswith(("TEST_", "BAZEL", "RUNFILES"))]


async def test_the_log_holds_both_streams_and_the_lines_of_lambda(
    function: RunningFunction,
) -> None:
    result = await function.invoke({})
    request = result.payload["request_id"]
    assert f"START RequestId: {request} Version: $LATEST" in result.log
    assert "handling" in result.log
    assert "on stderr" in result.log
    assert f"END RequestId: {request}" in result.log
    assert 1 == result.log.count("REPORT RequestId: ")
    assert "(rapid)" not in result.log


async def test_an_error_of_the_handler_has_type_message_and_stack(
    function: RunningFunction,
) -> None:
    result = await function.invoke({"do": "raise"})
    assert result.payload is None
    assert result.error is not None
    assert RAISED.kind == result.error["errorType"]
    assert "no such shop" == result.error["errorMessage"]
    assert RAISED.file in "".join(result.error[RAISED.stack])
    after = await function.invoke({"do": "answer", "answer": 1})
    assert (1, None, None) == (after.payload, after.error, after.init_ms)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "",
        "Task timed out after 2.00 seconds",
        {"errorType": RAISED.kind, "errorMessage": "returned, not raised", RAISED.stack: []},
        {"text": "\u00e4\u20ac\U0001f600", "list": [1, 2.5, None]},
    ],
)
async def test_what_a_handler_returns_comes_back_whatever_it_looks_like(
    function: RunningFunction, answer: object
) -> None:
    result = await function.invoke({"do": "answer", "answer": answer})
    assert (answer, None) == (result.payload, result.error)


async def test_a_handler_that_is_too_slow_is_killed_and_the_next_event_starts_anew(
    function: RunningFunction,
) -> None:
    before = (await function.invoke({})).payload["process"]
    slow = await function.invoke({"do": "sleep", "seconds": 60})
    assert {
        "errorType": "Sandbox.Timedout",
        "errorMessage": "Task timed out after 2.00 seconds",
    } == slow.error
    assert not runs(before)
    after = await function.invoke({})
    assert after.error is None
    assert after.init_ms is not None
    assert before != after.payload["process"]
    assert "imported" in after.log


async def test_a_handler_that_ends_its_process_is_an_error_and_the_next_event_starts_anew(
    function: RunningFunction,
) -> None:
    ended = await function.invoke({"do": "exit", "status": 3})
    assert ended.error is not None
    assert "Runtime.ExitError" == ended.error["errorType"]
    assert "exit status 3" in ended.error["errorMessage"]
    assert "handling" in ended.log
    after = await function.invoke({})
    assert after.error is None
    assert after.init_ms is not None


async def test_a_handler_that_cannot_be_imported_says_so_each_time() -> None:
    async with running(greeter(handler="nowhere.handle")) as ready:
        for _ in range(2):
            result = await ready.invoke({})
            assert result.error is not None
            assert "Runtime.ImportModuleError" == result.error["errorType"]
            assert "nowhere" in result.error["errorMessage"]


async def test_a_handler_that_is_not_there_says_so() -> None:
    module = HANDLER.rpartition(".")[0]
    async with running(greeter(handler=f"{module}.absent")) as ready:
        result = await ready.invoke({})
    assert result.error is not None
    assert "Runtime.HandlerNotFound" == result.error["errorType"]


async def test_an_event_over_the_limit_is_refused_with_both_sizes(
    function: RunningFunction,
) -> None:
    event = {"text": "x" * PAYLOAD_LIMIT}
    with pytest.raises(PayloadTooLargeError, match=f"{PAYLOAD_LIMIT + 12} bytes.*{PAYLOAD_LIMIT}"):
        await function.invoke(event)


async def test_an_event_at_the_limit_arrives_whole(function: RunningFunction) -> None:
    event = {"do": "answer", "answer": 1, "text": ""}
    event["text"] = "x" * (PAYLOAD_LIMIT - len(json.dumps(event)))
    result = await function.invoke(event)
    assert (1, None) == (result.payload, result.error)


async def test_a_text_of_many_bytes_comes_back_whole(function: RunningFunction) -> None:
    text = "\u20ac" * 500_000
    result = await function.invoke({"do": "answer", "answer": text})
    assert (text, None) == (result.payload, result.error)


async def test_an_answer_over_the_limit_is_an_error(function: RunningFunction) -> None:
    result = await function.invoke({"do": "large", "bytes": PAYLOAD_LIMIT + 1000})
    assert result.payload is None
    assert result.error is not None
    assert "Function.ResponseSizeTooLarge" == result.error["errorType"]


async def test_events_at_once_are_handled_one_after_another(function: RunningFunction) -> None:
    results = await asyncio.gather(
        *(function.invoke({"do": "answer", "answer": n}) for n in range(20))
    )
    assert list(range(20)) == [result.payload for result in results]


async def test_a_function_ends_with_its_context() -> None:
    async with running(greeter()) as ready:
        payload = (await ready.invoke({})).payload
    assert not runs(payload["process"])
    assert not Path(payload["folder"]).exists()  # noqa: ASYNC240
