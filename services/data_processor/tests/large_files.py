"""Large CSV files, and the memory that a service of its own needs for them.

By hand, for a file of so many megabytes, or for several of them at once:

    python -m services.data_processor.tests.large_files 200
    python -m services.data_processor.tests.large_files 200 2
"""

import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from libs.service_kit.testing import Service, running
from services.data_processor.tests.helpers import COLUMNS, CSV, DEDUPLICATE, FILE, IN_EURO

MEGABYTE = 1_000_000
_UNITS = ("kg", "lb", "each", "dozen")


def large_csv(megabytes: int) -> Iterator[bytes]:
    """Yield a CSV file of about that size: ids, times and prices differ, a row in 50 is wrong."""
    yield ",".join(COLUMNS).encode() + b"\n"
    written = number = 0
    while written < megabytes * MEGABYTE:
        rows = []
        for number in range(number + 1, number + 5_001):  # noqa: B020 - it goes on where it was
            kind = "gift" if number % 50 == 0 else "sale"
            price = f"{number % 9_000 / 100 + 0.99:.2f}"
            time = (
                f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}T{number % 24:02}:{number % 60:02}"
            )
            rows.append(
                f"till-{number % 40}/{number},tills,SKU-{number % 2_000},{kind},{number % 70 / 8},"
                f"{_UNITS[number % 4]},{price},{'USD' if number % 3 else 'EUR'},{time}:00+01:00\n"
            )
        piece = "".join(rows).encode()
        written += len(piece)
        yield piece


class Run(NamedTuple):
    """What a file needed."""

    peak_megabytes: float
    """Largest resident memory of the process so far."""
    seconds: float
    cpu_seconds: float
    answered_bytes: int
    summary: dict[str, Any]


def send(service: Service, megabytes: int, *, output: str = "csv") -> Run:
    """Have a service clean a large file, and throw the result away as it comes."""
    pipeline = json.dumps([IN_EURO, DEDUPLICATE])
    started, cpu = time.monotonic(), _cpu_seconds(service)
    with httpx.stream(
        "POST",
        service.url + FILE,
        params={"pipeline": pipeline, "output": output},
        headers=CSV,
        content=large_csv(megabytes),
        timeout=300,
    ) as response:
        answered = sum(map(len, response.iter_bytes()))
    response.raise_for_status()
    return Run(
        peak_megabytes(service),
        time.monotonic() - started,
        _cpu_seconds(service) - cpu,
        answered,
        json.loads(response.headers["x-transform-summary"]),
    )


def peak_megabytes(service: Service) -> float:
    """Return the largest resident memory that the process had."""
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024 / MEGABYTE


def _cpu_seconds(service: Service) -> float:
    numbers = Path(f"/proc/{service.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(numbers[11]) + int(numbers[12])) / 100


def main() -> None:
    """Print what files of the size that the command line names need."""
    megabytes, files = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with (
        running("services.data_processor.app:app", REQUEST_TIMEOUT_SECONDS="300") as service,
        ThreadPoolExecutor(files) as threads,
    ):
        print(f"before: {peak_megabytes(service):.0f} MB")
        for run in threads.map(partial(send, service), [megabytes] * files):
            print(run)


if __name__ == "__main__":
    main()
