"""A Python zip in the real runtime client, behind the real emulator."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tools.lambda_local.runtime import (
    PAYLOAD_LIMIT,
    Function,
    FunctionError,
    PayloadTooLargeError,
    RunningFunction,
    running,
)

HANDLER = "tools.build.lambdas.examples.greeter.handler.handle"


def greeter(**settings: object) -> Function:
    defaults = {"zip": Path(os.environ["GREETER"]), "handler": HANDLER, "runtime": "python3.13"}
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
    lines = result.log.splitlines()
    assert f"START RequestId: {request} Version: $LATEST" in lines
    assert "handling" in lines
    assert "on stderr" in lines
    assert f"END RequestId: {request}" in lines
    assert 1 == sum(line.startswith("REPORT RequestId: ") for line in lines)
    assert "(rapid)" not in result.log


async def test_an_error_of_the_handler_has_type_message_and_stack(
    function: RunningFunction,
) -> None:
    result = await function.invoke({"do": "raise"})
    assert result.payload is None
    assert result.error is not None
    assert "ValueError" == result.error["errorType"]
    assert "no such shop" == result.error["errorMessage"]
    assert "handler.py" in "".join(result.error["stackTrace"])
    assert "[ERROR] ValueError: no such shop" in result.log
    after = await function.invoke({"do": "answer", "answer": 1})
    assert (1, None, None) == (after.payload, after.error, after.init_ms)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "",
        "Task timed out after 2.00 seconds",
        {"errorType": "ValueError", "errorMessage": "returned, not raised", "stackTrace": []},
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


async def test_a_handler_that_cannot_be_imported_says_why() -> None:
    async with running(greeter(handler="tools.nowhere.handle")) as ready:
        for _ in range(2):
            result = await ready.invoke({})
            assert result.error is not None
            assert "Runtime.ImportModuleError" == result.error["errorType"]
            assert "No module named 'tools.nowhere'" in result.error["errorMessage"]
            assert "[ERROR] Runtime.ImportModuleError" in result.log


async def test_a_handler_that_is_not_there_says_so() -> None:
    module = HANDLER.rpartition(".")[0]
    async with running(greeter(handler=f"{module}.absent")) as ready:
        result = await ready.invoke({})
    assert result.error is not None
    assert "Runtime.HandlerNotFound" == result.error["errorType"]


async def test_the_sdk_of_the_runtime_is_found(function: RunningFunction) -> None:
    result = await function.invoke({"do": "sdk"})
    if result.error and result.error["errorType"] == "Sandbox.Timedout":
        # A loaded machine reads the SDK longer than the two seconds; once it is read, no more.
        result = await function.invoke({"do": "sdk"})
    assert ("boto3", None) == (result.payload, result.error)


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


async def test_a_function_ends_when_the_process_that_runs_it_is_killed() -> None:
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tools.lambda_local.tests.abandoned",
        os.environ["GREETER"],
        HANDLER,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert program.stdout is not None
    process, folder = (await program.stdout.readline()).decode().split()
    assert runs(int(process))
    program.kill()
    await program.wait()
    async with asyncio.timeout(10):
        # No event tells of another's child.
        while runs(int(process)):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    shutil.rmtree(Path(folder).parent)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"zip": Path("nowhere.zip")}, "nowhere.zip: there is no such file"),
        ({"runtime": "python2.7"}, "runtime = 'python2.7': takes python3.13 or nodejs24.x"),
        ({"handler": "handler"}, "handler = 'handler': takes module.function"),
        ({"timeout_seconds": 901}, "timeout_seconds = 901: takes a whole number, 1 to 900"),
        ({"timeout_seconds": 0.5}, "timeout_seconds = 0.5: takes a whole number"),
        ({"memory_mb": 64}, "memory_mb = 64: takes a whole number, 128 to 10240"),
    ],
)
def test_a_configuration_that_lambda_would_refuse_is_refused(
    settings: dict[str, object], message: str
) -> None:
    with pytest.raises(FunctionError, match=message):
        greeter(**settings)


async def test_a_variable_that_lambda_reserves_is_refused() -> None:
    with pytest.raises(FunctionError, match="Lambda reserves _HANDLER"):
        async with running(greeter(environment={"_HANDLER": "x"})):
            pass


async def test_a_file_that_is_no_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "function.zip").write_text("no zip")
    with pytest.raises(FunctionError, match=r"function\.zip: File is not a zip file"):
        async with running(greeter(zip=tmp_path / "function.zip")):
            pass
