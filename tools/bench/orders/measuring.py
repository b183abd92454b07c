"""A run: both variants side by side, loaded in turn, then checked."""

import json
import os
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from libs.dynamo import Dynamo
from tools.bench.orders.database import connected, make_tables, stored
from tools.bench.orders.figures import Round, cpu_between, round_of
from tools.bench.orders.layers import Stack
from tools.bench.orders.load import Load, Orders
from tools.bench.orders.variants import PLAIN, PLATFORM, Running, profiled, running
from tools.dynamodb_local.server import start

_UNCONTENDED_SKUS = 400
"""Far more than are ordered at once."""
_CONTENDED_SKUS = 5
_PROFILE_ROUNDS = 4
"""Length of the load for a profile, in rounds: samples are few."""


@dataclass(frozen=True, slots=True)
class Options:
    """What is measured."""

    rate: float = 100
    """Orders a second."""
    seconds: float = 15
    """Of each round."""
    warm_up: float = 3
    """Seconds of load before each round that count for nothing."""
    rounds: int = 3
    lines: int = 2
    """Of each order."""
    contended: bool = False
    """Whether all orders want the same few SKUs."""
    profile: str | None = None
    """Service of the platform to profile."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Where the CPU time of a service went."""

    service: str
    cpu_ms: float
    """An order's, while sampled; idle time included."""
    samples: list[tuple[int, Stack]]


@dataclass
class Measured:
    """The outcome of a run."""

    rounds: dict[str, list[Round]] = field(default_factory=dict)
    profile: Profile | None = None
    problems: list[str] = field(default_factory=list)
    """Why the figures are worth nothing."""


@dataclass
class _Entry:
    """A variant that runs, and the orders that it confirmed so far."""

    running: Running
    load: Load
    tables: dict[str, str]
    confirmed: int = 0


async def measure(options: Options, *, folder: Path, say: Callable[[str], None]) -> Measured:
    """Run both variants, load them in turn, and check what they wrote.

    `folder` takes the services' logs. Raise BenchmarkError when a service does not start.
    """
    number = _CONTENDED_SKUS if options.contended else _UNCONTENDED_SKUS
    orders = Orders([f"sku-{number}" for number in range(number)], options.lines)
    # For libs.dynamo; DynamoDB Local does not check them.
    os.environ.update({"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"})
    measured = Measured()
    with start() as server:
        async with AsyncExitStack() as stack:
            dynamo = await stack.enter_async_context(connected(server.endpoint))
            entries = []
            for variant in (PLATFORM, PLAIN):
                tables = await make_tables(dynamo, variant.name)
                system = await stack.enter_async_context(
                    running(variant, endpoint=server.endpoint, tables=tables, logs=folder)
                )
                await system.set_stock(orders.skus)
                entries.append(_Entry(system, Load(system.url, orders), tables))
            for turn in range(1, options.rounds + 1):
                await _turn(options, entries, measured)
                for entry in entries:
                    name = entry.running.variant.name
                    say(f"round {turn} {name:8} {_in_short(measured.rounds[name][-1])}")
            # Orders without an answer may be stored or not.
            if not measured.problems:
                for entry in entries:
                    await _check(dynamo, entry, options, measured)
        if options.profile:
            say(f"profiling {options.profile}")
            measured.profile = await _profile(
                options, server.endpoint, entries[0].tables, folder, measured
            )
    return measured


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
        measured.rounds.setdefault(name, []).append(figures)


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


async def _profile(
    options: Options, endpoint: str, tables: dict[str, str], folder: Path, measured: Measured
) -> Profile:
    """Load a platform of its own, whose service is sampled; it goes on with the same tables."""
    service = options.profile or ""
    stacks = folder / "stacks.json"
    variant = profiled(service, stacks)
    orders = Orders([f"sku-{number}" for number in range(_UNCONTENDED_SKUS)], options.lines)
    async with running(variant, endpoint=endpoint, tables=tables, logs=folder) as system:
        await system.set_stock(orders.skus)
        load = Load(system.url, orders)
        await load.run(options.rate, options.warm_up)
        pid = system.services[service].pid
        before = system.usage()
        os.kill(pid, signal.SIGUSR1)
        answers = await load.run(options.rate, options.seconds * _PROFILE_ROUNDS)
        seconds = cpu_between(before, system.usage())[service]
        os.kill(pid, signal.SIGUSR2)
    measured.problems += answers.problems
    samples = json.loads(stacks.read_text(encoding="utf-8"))
    return Profile(service, 1000 * seconds / max(1, len(answers.latencies_ms)), samples)
