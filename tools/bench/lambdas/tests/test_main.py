"""The table of what functions cost, on few repetitions."""

import os
from pathlib import Path

import pytest

from tools.bench.lambdas.main import main, subjects
from tools.bench.lambdas.measuring import Subject, UnfitError, measure

FEW = ["--starts=1", "--invocations=2"]


def named(name: str) -> str:
    return f"--function={name}={os.environ[f'{name.upper()}_ZIP']}"


def test_each_function_has_a_line_and_python_one_more_without_bytecode(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert 0 == main([named("greeter"), named("node_greeter"), *FEW])
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if "| " in line]
    names = [row[0].removeprefix("| ") for row in rows[1:]]
    assert ["greeter", "greeter, without bytecode", "node_greeter"] == names
    unpacked = [float(row[2]) for row in rows[1:]]
    assert unpacked[0] > unpacked[1]
    assert all(float(cell.rstrip(" |")) > 0 for row in rows[1:] for cell in row[1:])


async def test_a_function_that_fails_has_no_figures() -> None:
    failing = Subject(
        name="greeter",
        zip=Path(os.environ["GREETER_ZIP"]),
        handler="tools.build.lambdas.examples.greeter.handler.handle",
        runtime="python3.13",
        event={"do": "raise"},
    )
    with pytest.raises(UnfitError, match="no such shop"):
        await measure([failing], starts=1, invocations=1)


def test_a_function_that_nothing_is_known_of_is_refused() -> None:
    with pytest.raises(KeyError, match="unknown"):
        subjects(["unknown=function.zip"])
