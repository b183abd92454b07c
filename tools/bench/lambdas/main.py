"""Print what functions' zips cost: size, cold start, warm invocation.

Usage: tools/bazel run //tools/bench/lambdas [-- --starts N --invocations N]

A table in Markdown on stdout, for docs/packaging.md. The functions run in their real runtime
clients behind the runtime interface emulator, on this machine: compare lines of one run, not runs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path

from tools.bench.lambdas.measuring import Figures, Subject, UnfitError, measure_all


def table(figures: list[Figures]) -> str:
    """Return the Markdown."""
    lines = [
        "| function | zipped kB | unpacked kB | init ms | first handler ms | warm handler ms |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {one.name} | {one.zipped_bytes / 1e3:.1f} | {one.unzipped_bytes / 1e3:.1f} "
        f"| {one.init_ms:.0f} | {one.first_ms:.1f} | {one.warm_ms:.2f} |"
        for one in figures
    ]
    return "\n".join(lines)


def subjects(words: list[str]) -> list[Subject]:
    """Read `NAME=ZIP` pairs and what subjects.json says of each name."""
    settings = json.loads(Path(__file__).with_name("subjects.json").read_text(encoding="utf-8"))
    found = []
    for word in words:
        name, _, zip_file = word.partition("=")
        found.append(Subject(name=name, zip=Path(zip_file), **settings[name]))
    return found


def main(words: list[str]) -> int:
    """Return 1 if a function failed."""
    parser = argparse.ArgumentParser(description="Measure functions' zips.")
    parser.add_argument("--function", action="append", required=True, metavar="NAME=ZIP")
    parser.add_argument("--starts", type=int, default=10)
    parser.add_argument("--invocations", type=int, default=50)
    arguments = parser.parse_args(words)
    if min(arguments.starts, arguments.invocations) < 1:
        parser.error("--starts and --invocations take numbers from 1")
    try:
        figures = asyncio.run(
            measure_all(
                subjects(arguments.function),
                starts=arguments.starts,
                invocations=arguments.invocations,
            )
        )
    except UnfitError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{os.cpu_count()} cores; init: the best of {arguments.starts}, the rest: medians.\n")
    print(table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
