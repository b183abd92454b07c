"""What only a Python zip shows, and what is refused before any zip is run."""

import asyncio
import os
import shutil
import sys
from pathlib import Path

import pytest

from tools.lambda_local.runtime import FunctionError, RunningFunction, running
from tools.lambda_local.tests.greeting import HANDLER, greeter, runs


async def test_an_error_and_its_stack_are_logged(function: RunningFunction) -> None:
    assert "[ERROR] ValueError: no such shop" in (await function.invoke({"do": "raise"})).log


async def test_the_sdk_of_the_runtime_is_found(function: RunningFunction) -> None:
    result = await function.invoke({"do": "sdk"})
    if result.error and result.error["errorType"] == "Sandbox.Timedout":
        # A loaded machine reads the SDK longer than the two seconds; once it is read, no more.
        result = await function.invoke({"do": "sdk"})
    assert ("boto3", None) == (result.payload, result.error)


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
