"""Place a few thousand orders against a running `up`, and say what to reorder of what is left.

    tools/bazel run //:demo [-- --orders FILE] [-- --no-kill] [-- --port-offset N]

A tenth of the orders is sent twice, some confirmed ones are shipped or cancelled, and on the way
order_processor is killed. Then the local site's sales are collected, while collector is killed,
cleaned, and forecast from. Exit status: 0 when every promise of both reports was kept, else 1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

import aiohttp

from tools.dev import ports
from tools.dev.accepted import listing_faults
from tools.dev.alerts import Alerts
from tools.dev.catalogue import load_catalogue
from tools.dev.client import Order
from tools.dev.errors import DevError
from tools.dev.events import collecting
from tools.dev.invariants import Invariant, Stock, answer_invariants, stock_invariants
from tools.dev.killing import Killer
from tools.dev.placing import place_all, plans
from tools.dev.reorder.flow import NEEDED, reorder
from tools.dev.report import Report
from tools.dev.state import default_folder
from tools.dev.stock import read_levels, refill

# Built beside this file; see demo_orders.py.
DEFAULT_ORDERS = Path(__file__).parent / "demo_orders.ndjson"
CONCURRENCY = 16
REPEATS = 0.1
# When order_processor is killed: after this share of the orders.
KILL_AFTER_SHARE = 1 / 3
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
    parser.add_argument(
        "--repeats",
        type=_share,
        default=REPEATS,
        metavar="SHARE",
        help="share of the orders that are sent twice, 0 to 1 (default %(default)s)",
    )
    parser.add_argument(
        "--no-kill", action="store_true", help="kill neither order_processor nor collector"
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=default_folder(),
        metavar="DIR",
        help="as given to `up`, which says there whom to kill (default: %(default)s)",
    )
    ports.add_option(parser)
    return parser.parse_args(arguments)


def _caller(path: Path) -> Path:
    """Return a path as the caller means it: `bazel run` starts programs in their runfiles."""
    return Path(os.environ.get("BUILD_WORKING_DIRECTORY", ""), path).absolute()


def _killed_in(options: argparse.Namespace) -> Path | None:
    """Return the state folder of the `up` whose programs are killed; None to kill none."""
    return None if options.no_kill else _caller(options.data_dir)


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return share


def read_orders(path: Path) -> list[Order]:
    """Return the orders of a file.

    Raises:
        DevError: it cannot be read, is empty, or a line is not an order; names the line.
    """
    path = _caller(path)
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


async def check_up(addresses: Mapping[str, str]) -> None:
    """Raise DevError unless all that the demo uses is there."""
    for name in ("order_api", "order_processor", "subscriber", *NEEDED):
        await _check_up(name, addresses[name])


async def place(options: argparse.Namespace, addresses: Mapping[str, str]) -> Report:
    """Place the orders and return the report.

    Raises:
        DevError: a part of the stack does not answer.
    """
    orders = read_orders(options.orders)
    order_api, order_processor = addresses["order_api"], addresses["order_processor"]
    skus = sorted({line["sku"] for order in orders for line in order["lines"]})
    before = await read_levels(order_processor, skus)
    wanted = {sku: units for sku, units in load_catalogue().items() if sku in skus}
    added = await refill(order_processor, wanted)
    if added:
        print(f"restocked {len(added)} SKUs to the catalogue's level: {', '.join(added)}")
    alerts = Alerts(addresses["sns"])
    await alerts.forget()
    print(f"placing {len(orders)} orders, {options.concurrency} at a time", flush=True)
    # Orders have their times in whole milliseconds.
    since = datetime.now(UTC).replace(microsecond=0)
    killer = Killer(
        *("order_processor", _killed_in(options), order_processor),
        after=int(len(orders) * KILL_AFTER_SHARE),
        things="orders",
    )
    progress = _progress(len(orders))

    def on_answer(count: int) -> None:
        progress(count)
        killer.at(count)

    async with collecting(addresses["subscriber"]) as events:
        placed = await place_all(
            order_api,
            list(zip(orders, plans(len(orders), repeats=options.repeats), strict=True)),
            concurrency=options.concurrency,
            placed=on_answer,
        )
        kill = await killer.result()
        await events.complete(placed.outcomes)
    stock = Stock(before, added, await read_levels(order_processor, skus))
    await alerts.complete(stock.after)
    invariants = [
        *stock_invariants(stock, placed.outcomes),
        Invariant(
            "each key made one order, and its client was told which and how it ended",
            await listing_faults(order_api, placed.outcomes, since=since),
        ),
        *answer_invariants(placed.outcomes),
        Invariant(
            "each order's events were delivered in full and in order, signed, repeats unchanged",
            events.faults(placed.outcomes),
        ),
        Invariant("low stock was told of, and no alert came twice", alerts.faults(stock.after)),
    ]
    notes = [events.text(placed.outcomes), alerts.text()]
    return Report(placed, stock, kill, invariants, notes=notes)


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
            end = "\nfollowing the last orders to their end\n" if placed == total else ""
            print(f"\r{placed} of {total}", end=end, file=sys.stderr, flush=True)

    return show


def main(arguments: list[str]) -> int:
    """Run the demo, print its reports and return the exit status."""
    return asyncio.run(run(parse(arguments)))


async def run(options: argparse.Namespace) -> int:
    """Run both parts, print what came of each, and return the exit status.

    Raises:
        DevError: a part of the stack does not answer.
    """
    addresses = {
        name: f"http://127.0.0.1:{port + options.port_offset}" for name, port in ports.PORTS.items()
    }
    await check_up(addresses)
    first = await place(options, addresses)
    print(f"\n{first.text()}\n\ncollecting what the local site sold", flush=True)
    second = await reorder(addresses, _killed_in(options))
    print(f"\n{second.text()}")
    return 0 if first.is_good and second.is_good else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except DevError as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
