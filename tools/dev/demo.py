"""Place a few thousand orders against a running `up`, and report what became of them.

    tools/bazel run //:demo [-- --orders FILE] [-- --concurrency N] [-- --port-offset N]

Exit status: 0 when every order was answered and the stock adds up, 1 otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

import aiohttp

from tools.dev import ports
from tools.dev.catalogue import load_catalogue
from tools.dev.errors import DevError
from tools.dev.placing import Order, place_all
from tools.dev.report import Report
from tools.dev.stock import read_levels, refill

# Built beside this file; see demo_orders.py.
DEFAULT_ORDERS = Path(__file__).parent / "demo_orders.ndjson"
CONCURRENCY = 16
PROGRESS_STEP = 100


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return the options, or end with a usage message."""
    parser = argparse.ArgumentParser(prog="demo", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--orders",
        type=Path,
        default=DEFAULT_ORDERS,
        metavar="FILE",
        help='a JSON object a line: {"customer_id": ..., "lines": [{"sku": ..., "quantity": ...}]}',
    )
    parser.add_argument(
        "--concurrency",
        type=int,
        choices=range(1, 257),
        default=CONCURRENCY,
        metavar="N",
        help="orders under way at once, 1 to 256 (default %(default)s)",
    )
    ports.add_option(parser)
    return parser.parse_args(arguments)


def read_orders(path: Path) -> list[Order]:
    """Return the orders of a file.

    Raises:
        DevError: it cannot be read, is empty, or a line is not an order; names the line.
    """
    # `bazel run` starts programs in their runfiles; a relative path means the caller's.
    path = Path(os.environ.get("BUILD_WORKING_DIRECTORY", ""), path)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DevError(f"{path} cannot be read: {error}") from error
    orders: list[Order] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            order = json.loads(line)
            for entry in order["lines"]:
                # What the report counts by; the service judges the rest.
                entry["sku"] + ""
                entry["quantity"] + 0
        except (ValueError, KeyError, TypeError) as error:
            raise DevError(f"{path}:{number}: not an order: {error!r}") from error
        orders.append(order)
    if not orders:
        raise DevError(f"{path} holds no orders")
    return orders


async def run(options: argparse.Namespace) -> Report:
    """Place the orders and return the report.

    Raises:
        DevError: a service does not answer.
    """
    orders = read_orders(options.orders)
    order_api, order_processor = (
        f"http://127.0.0.1:{ports.PORTS[name] + options.port_offset}"
        for name in ("order_api", "order_processor")
    )
    await _check_up("order_api", order_api)
    await _check_up("order_processor", order_processor)
    skus = sorted({line["sku"] for order in orders for line in order["lines"]})
    wanted = {sku: units for sku, units in load_catalogue().items() if sku in skus}
    refilled = await refill(order_processor, wanted)
    if refilled:
        print(f"restocked {len(refilled)} SKUs to the catalogue's level: {', '.join(refilled)}")
    before = await read_levels(order_processor, skus)
    print(f"placing {len(orders)} orders, {options.concurrency} at a time", flush=True)
    started = time.perf_counter()
    outcomes = await place_all(
        order_api, orders, concurrency=options.concurrency, placed=_progress(len(orders))
    )
    seconds = time.perf_counter() - started
    return Report(outcomes, before, await read_levels(order_processor, skus), seconds)


async def _check_up(name: str, address: str) -> None:
    problem = ""
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{address}/ready") as answer,
        ):
            if answer.status != HTTPStatus.OK:
                problem = f"is not ready ({answer.status})"
    except aiohttp.ClientError:
        problem = "does not answer"
    if problem:
        raise DevError(
            f"{name} at {address} {problem}: run `tools/bazel run //:up` in another terminal, "
            "with the same --port-offset if any"
        )


def _progress(total: int) -> Callable[[int], None]:
    def show(placed: int) -> None:
        if sys.stderr.isatty() and (placed % PROGRESS_STEP == 0 or placed == total):
            end = "\n" if placed == total else ""
            print(f"\r{placed} of {total}", end=end, file=sys.stderr, flush=True)

    return show


def main(arguments: list[str]) -> int:
    """Run the demo, print its report and return the exit status."""
    report = asyncio.run(run(parse(arguments)))
    print("\n" + report.text())
    return 1 if report.broken_invariants() or report.count("failed") else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except DevError as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
