"""Run the platform on this machine: services, Lambda functions, and what they need of a cloud.

    tools/bazel run //:up [-- --fresh] [-- --port-offset N] [-- --data-dir DIR]

Everything listens on loopback only. Ctrl-C stops it; the tables are kept for the next time. A
service that is killed is started again.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shlex
import signal
import sys
import time
from pathlib import Path

from tools.dev import ports
from tools.dev.catalogue import load_catalogue
from tools.dev.errors import DevError
from tools.dev.keeping import RESTARTS_PER_MINUTE, how_it_ended
from tools.dev.output import LogPrinter, table
from tools.dev.processes import Process
from tools.dev.queues import EVENTS, STOCK_ALERTS
from tools.dev.seed import seed
from tools.dev.stack import Stack
from tools.dev.state import State, default_folder

SAME_SIGNAL_SECONDS = 0.5
SERVICES = ("order_api", "order_processor", "collector", "data_processor", "model_service")
EPILOG = f"""\
A program that a signal ends, such as that of `kill -9`, is started again, at most
{RESTARTS_PER_MINUTE} times a minute; programs.json in the state folder has its process id.
Everything is stopped when a program ends with an exit status, or a server at all: the database,
the queue or the topic.

Queue and topic keep messages in memory: what nobody received is gone when `up` ends.
"""


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return the options, or end with a usage message."""
    parser = argparse.ArgumentParser(
        prog="up",
        description=(__doc__ or "").splitlines()[0],
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=default_folder(),
        metavar="DIR",
        help="where state is kept (default: %(default)s)",
    )
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="forget all stock, orders and collected records of earlier runs",
    )
    ports.add_option(parser)
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> int:
    """Run until stopped and return the exit status.

    Raises:
        DevError: it cannot start.
    """
    # `bazel run` starts programs in their runfiles; a relative folder means the caller's.
    caller = Path(os.environ.get("BUILD_WORKING_DIRECTORY", ""))
    state = State(Path(caller, options.data_dir).absolute())
    try:
        numbers = {name: port + options.port_offset for name, port in ports.PORTS.items()}
        ports.check_free(numbers)
        if options.fresh:
            state.empty()
        return asyncio.run(_run(numbers, state))
    finally:
        state.close()


async def _run(numbers: dict[str, int], state: State) -> int:
    haste = asyncio.Event()
    stopping = asyncio.Event()

    first_signal = 0.0

    def on_signal() -> None:
        nonlocal first_signal
        if not stopping.is_set():
            stopping.set()
            first_signal = time.monotonic()
        # A terminal and what stands between it and this program may both pass on one Ctrl-C.
        elif time.monotonic() - first_signal > SAME_SIGNAL_SECONDS:
            haste.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, on_signal)
    stack = Stack(numbers, state, show=LogPrinter([*numbers, "functions"]), say=_say)
    bring_up = asyncio.create_task(_bring_up(stack, state))
    stopped = asyncio.create_task(stopping.wait())
    ended = asyncio.create_task(stack.first_end())
    try:
        await asyncio.wait({bring_up, stopped, ended}, return_when=asyncio.FIRST_COMPLETED)
        # A program that ended explains more than the failed start that it led to.
        if not stopped.done() and not (bring_up.done() and bring_up.exception()):
            await asyncio.wait({stopped, ended}, return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            _explain(ended.result(), await ended.result().ended())
            return 1
        if not stopped.done():
            await bring_up
        _say("stopping (Ctrl-C again: at once)")
        return 0
    finally:
        bring_up.cancel()
        # Its own error, if any, was raised or explained above.
        await asyncio.wait({bring_up})
        await _stop(stack, haste)


async def _bring_up(stack: Stack, state: State) -> None:
    await stack.start()
    if not state.is_seeded:
        await seed(stack.addresses["order_processor"], load_catalogue())
        state.mark_seeded()
    print(_welcome(stack.addresses, state), flush=True)


async def _stop(stack: Stack, haste: asyncio.Event) -> None:
    hurried = asyncio.create_task(haste.wait())
    orderly = asyncio.create_task(stack.stop())
    await asyncio.wait({hurried, orderly}, return_when=asyncio.FIRST_COMPLETED)
    hurried.cancel()
    if not orderly.done():
        orderly.cancel()
        await stack.kill()


def _welcome(addresses: dict[str, str], state: State) -> str:
    rows = [("program", "address", "API description", "metrics")]
    rows += [
        (name, addresses[name], f"{addresses[name]}/openapi.json", f"{addresses[name]}/metrics")
        for name in SERVICES
    ]
    rows += [
        ("DynamoDB Local", addresses["dynamodb"], "-", "-"),
        ("local SQS", addresses["sqs"], "-", "-"),
        ("local SNS", addresses["sns"], "-", "-"),
        ("subscriber", f"{addresses['subscriber']}/deliveries", "-", "-"),
        ("web shop", f"{addresses['webshop']}/promotions", "-", "-"),
    ]
    order = '{"customer_id": "me", "lines": [{"sku": "enamel-mug", "quantity": 2}]}'
    return "\n".join(
        [
            "",
            table(rows),
            "",
            f"State: {state.folder}. Place an order:",
            "",
            f"  curl -sS {addresses['order_api']}/v1/orders -H 'Content-Type: application/json' \\",
            # Evaluated by the shell that it is pasted into: another order each time.
            f'    -H "Idempotency-Key: $(date +%s%N)" -d {shlex.quote(order)}',
            "",
            f"Events go to the queues {' and '.join(sorted(EVENTS.values()))};",
            "order_webhook brings those of orders to the subscriber.",
            f"stock_alert tells of low stock on the topic {STOCK_ALERTS}.",
            "collector may read the web shop, and what is in the state's folder `site`.",
            "Ctrl-C stops everything.",
            "",
        ]
    )


def _explain(process: Process, status: int) -> None:
    lines = [f"  {line}" for line in process.last_lines] or ["  (nothing)"]
    _say("\n".join([f"{process.name} {how_it_ended(status)}; its last lines:", *lines]))


def _say(message: str) -> None:
    print(f"up: {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(run(parse(sys.argv[1:])))
    except DevError as error:
        sys.exit(f"up: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
