"""The first part of a run: both variants on DynamoDB Local, at a fixed rate, then checked."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from libs.dynamo import Dynamo
from tools.bench.orders.database import connected, make_tables, stored
from tools.bench.orders.figures import Round, cpu_between, round_of
from tools.bench.orders.load import Load
from tools.bench.orders.run import Measured, Options
from tools.bench.orders.variants import PLAIN, PLATFORM, Running, running
from tools.dynamodb_local.server import start


@dataclass
class _Entry:
    """A variant that runs, and the orders that it confirmed so far."""

    running: Running
    load: Load
    tables: dict[str, str]
    confirmed: int = 0


async def measure_fixed_rate(
    options: Options,
    measured: Measured,
    *,
    folder: Path,
    cpus: set[int],
    say: Callable[[str], None],
) -> None:
    """Run both variants side by side, load them in turn, and check what they wrote.

    `cpus` are the services'; DynamoDB Local gets those of this process.
    """
    orders = options.orders()
    with start() as server:
        async with AsyncExitStack() as stack:
            dynamo = await stack.enter_async_context(connected(server.endpoint))
            entries = []
            for variant in (PLATFORM, PLAIN):
                tables = await make_tables(dynamo, variant.name)
                system = await stack.enter_async_context(
                    running(
                        variant, endpoint=server.endpoint, tables=tables, logs=folder, cpus=cpus
                    )
                )
                await system.set_stock(orders.skus)
                entries.append(_Entry(system, Load(system.url, orders), tables))
            for turn in range(1, options.rounds + 1):
                await _turn(options, entries, measured)
                for entry in entries:
                    name = entry.running.variant.name
                    say(f"fixed rate {turn} {name:8} {_in_short(measured.fixed_rate[name][-1])}")
            # Orders without an answer may be stored or not.
            if not measured.problems:
                for entry in entries:
                    await _check(dynamo, entry, options, measured)


async def _turn(options: Options, entries: list[_Entry], measured: Measured) -> None:
    """Load each variant once; meanwhile the other one's idle time is measured."""
    first, second = entries
    answers, busy, idle = {}, {}, {}
    for entry, other in ((first, second), (second, first)):
        entry.confirmed += await _warm_up(options, entry, measured)
        before, before_other = entry.running.usage(), other.running.usage()
        answers[entry.running.variant.name] = done = await entry.load.run(
            options.rate, options.seconds
        )
        busy[entry.running.variant.name] = cpu_between(before, entry.running.usage())
        idle[other.running.variant.name] = cpu_between(before_other, other.running.usage())
        entry.confirmed += len(done.latencies_ms)
        measured.problems += done.problems
    for entry in entries:
        name = entry.running.variant.name
        figures = round_of(
            answers[name], busy=busy[name], idle=idle[name], after=entry.running.usage()
        )
        measured.fixed_rate.setdefault(name, []).append(figures)


def _in_short(figures: Round) -> str:
    cpu = ", ".join(f"{service} {each:.2f} ms" for service, each in figures.cpu_ms.items())
    return f"p50 {figures.p50_ms:.1f} ms, p99 {figures.p99_ms:.1f} ms, CPU an order: {cpu}"


async def _warm_up(options: Options, entry: _Entry, measured: Measured) -> int:
    answers = await entry.load.run(options.rate, options.warm_up)
    measured.problems += answers.problems
    return len(answers.latencies_ms)


async def _check(dynamo: Dynamo, entry: _Entry, options: Options, measured: Measured) -> None:
    found = await stored(dynamo, entry.tables)
    name = entry.running.variant.name
    measured.problems += [
        f"{name}: {problem}" for problem in found.problems(entry.confirmed, options.lines)
    ]
