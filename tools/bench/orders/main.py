"""Measure what an order costs the platform, beside a plain version of the same endpoint.

tools/bazel run //tools/bench/orders -- [options]

Exits with 1 when an order was not confirmed or not stored, for then the figures are worth nothing.
"""

import argparse
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

import uvloop

from tools.bench.orders.machine import this_machine
from tools.bench.orders.measuring import measure
from tools.bench.orders.report import Report, write
from tools.bench.orders.run import Options
from tools.bench.orders.serving import BenchmarkError
from tools.bench.orders.variants import ORDER_API, ORDER_PROCESSOR
from tools.local_server.process import LocalServerError

_SHOWN_PROBLEMS = 5
_SHOWN_CHARACTERS = 300


def main(arguments: list[str]) -> int:
    """Measure and report; return the exit code."""
    parser = _parser()
    given = parser.parse_args(arguments)
    options = Options(
        rate=given.rate,
        clients=given.clients,
        seconds=given.seconds,
        warm_up=given.warm_up,
        rounds=given.rounds,
        lines=given.lines,
        contended=given.contended,
        profile=given.profile,
    )
    try:
        options.orders()
    except ValueError as error:
        parser.error(str(error))
    machine = this_machine("//tools/bench/orders", arguments)
    with tempfile.TemporaryDirectory(prefix="granary-bench-") as folder:
        try:
            measured = uvloop.run(
                measure(options, folder=Path(folder), say=lambda text: print(text, flush=True))
            )
        except (BenchmarkError, LocalServerError) as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
    report = Report(machine, options, measured)
    print(report.markdown())
    if measured.problems:
        for problem, count in Counter(measured.problems).most_common(_SHOWN_PROBLEMS):
            print(f"FAILED  {problem[:_SHOWN_CHARACTERS]} ({count})", file=sys.stderr)
        print("A machine that is too slow or too busy needs a lower --rate.", file=sys.stderr)
        return 1
    if given.output:
        # `bazel run` starts programs in their runfiles; the user means the folder they are in.
        write(report, Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."), given.output))
    return 0


def _parser() -> argparse.ArgumentParser:
    defaults = Options()
    parser = argparse.ArgumentParser(prog="orders", description=__doc__)
    parser.add_argument(
        "--rate", type=_positive, default=defaults.rate, help="orders a second, with DynamoDB Local"
    )
    parser.add_argument(
        "--clients",
        type=int,
        choices=range(1, 1001),
        metavar="N",
        default=defaults.clients,
        help="how many order at once at full load",
    )
    parser.add_argument(
        "--seconds", type=_positive, default=defaults.seconds, help="length of a round"
    )
    parser.add_argument(
        "--warm-up", type=_positive, default=defaults.warm_up, help="seconds before each round"
    )
    parser.add_argument(
        "--rounds",
        type=int,
        choices=range(1, 100),
        metavar="N",
        default=defaults.rounds,
        help="of each part",
    )
    parser.add_argument(
        "--lines",
        type=int,
        choices=range(1, 51),
        metavar="N",
        default=defaults.lines,
        help="SKUs of each order, 1 to 50",
    )
    parser.add_argument("--contended", action="store_true", help="all orders want the same 5 SKUs")
    parser.add_argument(
        "--profile",
        nargs="?",
        const=ORDER_API,
        choices=(ORDER_API, ORDER_PROCESSOR),
        help="say where the CPU time of a service goes at full load",
    )
    parser.add_argument("--output", metavar="DIR", help="write RESULTS.md and results.json there")
    return parser


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
