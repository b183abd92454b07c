"""The `:invoke` of a function: run its zip with one event.

Usage: bazel run //functions/stock_alert:invoke -- --event FILE [--timeout SECONDS]
           [--memory MB] [--env NAME=VALUE]... [--times N]

FILE holds JSON; `-` is stdin. The result goes to stdout as JSON, the function's log and what it
took to stderr. Exit code: 0, 1 for an error of the function, 2 for wrong usage.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from tools.lambda_local.runtime import Function, FunctionError, Invocation, running


def parse(words: list[str]) -> argparse.Namespace:
    """Read the command line; argparse ends the program with 2 if it is wrong."""
    parser = argparse.ArgumentParser(description="Run a function with one event.")
    parser.add_argument("--zip", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--name", default="function", help=argparse.SUPPRESS)
    parser.add_argument("--handler", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--runtime", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--event", required=True, help="a file of JSON; - is stdin")
    parser.add_argument("--timeout", type=int, default=10, metavar="SECONDS")
    parser.add_argument("--memory", type=int, default=256, metavar="MB")
    parser.add_argument("--times", type=int, default=1, help="invoke as often, print the last")
    parser.add_argument(
        "--env", action="append", default=[], metavar="NAME=VALUE", help="as often as needed"
    )
    arguments = parser.parse_args(words)
    if arguments.times < 1:
        parser.error(f"--times={arguments.times}: takes a number from 1")
    for pair in arguments.env:
        if "=" not in pair:
            parser.error(f"--env={pair}: takes NAME=VALUE")
    try:
        arguments.event = read_event(arguments.event)
    except (OSError, ValueError) as error:
        parser.error(f"--event={arguments.event}: {error}")
    return arguments


def read_event(name: str) -> Any:
    """Return the event of a file, relative to where `bazel run` was called."""
    if name == "-":
        return json.load(sys.stdin)
    base = Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."))
    return json.loads((base / name).read_text(encoding="utf-8"))


async def invoke(arguments: argparse.Namespace) -> Invocation:
    """Run the function, and print what each invocation took."""
    function = Function(
        zip=arguments.zip,
        handler=arguments.handler,
        runtime=arguments.runtime,
        environment=dict(pair.split("=", maxsplit=1) for pair in arguments.env),
        timeout_seconds=arguments.timeout,
        memory_mb=arguments.memory,
        name=arguments.name,
    )
    async with running(function) as ready:
        for _ in range(arguments.times):
            result = await ready.invoke(arguments.event)
            init = "" if result.init_ms is None else f", init {result.init_ms:.1f} ms"
            print(f"{result.log}handler {result.duration_ms:.1f} ms{init}", file=sys.stderr)
    return result


def main(words: list[str]) -> int:
    """Return the exit code."""
    try:
        result = asyncio.run(invoke(parse(words)))
    except FunctionError as error:
        print(f"invoke: {error}", file=sys.stderr)
        return 2
    print(json.dumps(result.error or result.payload, indent=2))
    return 1 if result.error else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
