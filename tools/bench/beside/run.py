"""The command line of a bench."""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import uvloop

from tools.bench.beside.bench import AnswerError, Bench
from tools.bench.beside.measuring import Options, measure
from tools.bench.beside.report import Report, write
from tools.bench.orders.machine import this_machine
from tools.bench.orders.serving import BenchmarkError


def run(make_bench: Callable[[Path], Bench], arguments: list[str]) -> int:
    """Measure and report; return the exit code, which is 1 when answers are wrong or differ.

    `make_bench` may write what the services need into the folder that it is given.
    """
    given = _parser().parse_args(arguments)
    options = Options(rounds=given.rounds, cpu_seconds=given.cpu_seconds, only=given.only)
    with tempfile.TemporaryDirectory(prefix="granary-bench-") as folder:
        bench = make_bench(Path(folder))
        machine = this_machine(bench.target, arguments)
        try:
            measured = uvloop.run(
                measure(
                    bench, options, folder=Path(folder), say=lambda text: print(text, flush=True)
                )
            )
        except (AnswerError, BenchmarkError) as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
    if not measured:
        print(f"bench: no case has {options.only!r} in its name", file=sys.stderr)
        return 1
    report = Report(bench, machine, options, measured)
    print(report.markdown())
    if given.output:
        # `bazel run` starts programs in their runfiles; the user means the folder they are in.
        write(report, Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."), given.output))
    return 0


def _parser() -> argparse.ArgumentParser:
    defaults = Options()
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--rounds",
        type=int,
        choices=range(1, 100),
        metavar="N",
        default=defaults.rounds,
        help="of each case, on each side",
    )
    parser.add_argument(
        "--cpu-seconds",
        type=_positive,
        default=defaults.cpu_seconds,
        help="that a service uses in a round, at least",
    )
    parser.add_argument("--only", default="", help="a part of the names of cases")
    parser.add_argument("--output", metavar="DIR", help="write RESULTS.md and results.json there")
    return parser


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value
