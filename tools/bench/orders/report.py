"""The results of a run, for people and for programs."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tools.bench.orders.figures import FullRound, Round, full_middle, middle
from tools.bench.orders.layers import Share, by_function, by_layer
from tools.bench.orders.machine import Machine
from tools.bench.orders.run import Measured, Options
from tools.bench.orders.variants import ORDER_API, ORDER_PROCESSOR, PLAIN, PLATFORM

_FUNCTIONS = 20
_BUSY_PERCENT = 80
"""From here on, services count as loaded as far as they go."""
_HEAD = ("| an order | platform | plain | plain / platform |", "|---|---|---|---|")

type _Rounds = Sequence[Round] | Sequence[FullRound]


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a run, and what it was run on."""

    machine: Machine
    options: Options
    measured: Measured

    def markdown(self) -> str:
        """Return the report as a document."""
        options, machine = self.options, self.machine
        skus = "the same 5 SKUs" if options.contended else "SKUs that no two want at once"
        parts = [
            "# What an order costs",
            f"`{machine.command}` wrote this file. What is compared, and how: "
            "[README.md](README.md).",
            f"- commit {machine.commit}\n- {machine.cpu}\n- Python {machine.python}\n"
            f"- orders of {options.lines} lines, {skus}\n"
            f"- {options.rounds} rounds of {options.seconds:g} s each, the two in turn, "
            f"after {options.warm_up:g} s of warm-up",
            "Figures are medians of the rounds, in brackets the lowest and the highest. "
            "CPU time is a service's process's, in user and kernel mode.",
            *self._fixed_rate(),
        ]
        if self.measured.full_load:
            parts += self._full_load()
        if self.measured.profile:
            parts += self._profile()
        return "\n\n".join(parts) + "\n"

    def data(self) -> dict[str, Any]:
        """Return the report as JSON can hold it: all rounds, and the medians."""
        fixed, full = self.measured.fixed_rate, self.measured.full_load
        return {
            "machine": dataclasses.asdict(self.machine),
            "options": dataclasses.asdict(self.options),
            "fixed_rate": {
                "median": {name: dataclasses.asdict(middle(fixed[name])) for name in fixed},
                "rounds": _plain_data(fixed),
            },
            "full_load": {
                "median": {name: dataclasses.asdict(full_middle(full[name])) for name in full},
                "rounds": _plain_data(full),
            },
            "layers": [dataclasses.asdict(share) for share in self._layers()],
        }

    def _fixed_rate(self) -> list[str]:
        ours, plain = (self.measured.fixed_rate[each.name] for each in (PLATFORM, PLAIN))
        lines = list(_HEAD)
        for service in (ORDER_API, ORDER_PROCESSOR):
            lines.append(_row(f"CPU of {service}, ms", ours, plain, "cpu_ms", 2, service))
        for figure in ("p50_ms", "p95_ms", "p99_ms"):
            lines.append(_row(f"latency {figure[:3]}, ms", ours, plain, figure, 1))
        for service in (ORDER_API, ORDER_PROCESSOR):
            lines.append(_row(f"memory of {service}, MB", ours, plain, "rss_mb", 0, service))
        lines.append(_row("orders a second", ours, plain, "rate", 1, ratio=False))
        lines.append(_row("sent late p99, ms", ours, plain, "late_p99_ms", 1, ratio=False))
        lines += _counts(ours, plain)
        checked = "" if self.measured.problems else ", all found in the tables afterwards"
        return [
            "## At a fixed rate, with DynamoDB Local",
            f"{self.options.rate:g} orders a second{checked}. "
            "This shows what a customer waits for. It does not show what an order costs a busy "
            "service, which is far less than it costs one that sleeps between orders.",
            "\n".join(lines),
            "Latency counts from the moment that an order was due. "
            "What a service uses without load is subtracted from its CPU time.",
        ]

    def _full_load(self) -> list[str]:
        ours, plain = (self.measured.full_load[each.name] for each in (PLATFORM, PLAIN))
        lines = list(_HEAD)
        for service in (ORDER_API, ORDER_PROCESSOR):
            lines.append(_row(f"CPU of {service}, ms", ours, plain, "cpu_ms", 3, service))
        lines.append(_row("orders a second", ours, plain, "rate", 0))
        lines.append(_row("both services, % of a CPU", ours, plain, "busy_percent", 0, ratio=False))
        lines += _counts(ours, plain)
        return [
            "## At full load, with a database that answers at once",
            f"{self.options.clients} clients, each ordering again once it was answered. "
            "This shows what an order costs a busy service. It does not show how many orders "
            "a real database takes, or how long a customer waits, and nothing is stored.",
            "\n".join(lines),
            *self._short_of_full_load(),
        ]

    def _short_of_full_load(self) -> list[str]:
        """Return a warning when the services were not the limit."""
        full = self.measured.full_load
        short = [name for name in full if full_middle(full[name]).busy_percent < _BUSY_PERCENT]
        if not short:
            return []
        return [
            f"**Not at full load: {', '.join(short)}.** Something else than the services' CPU time "
            "was the limit: the load generator, or whatever else ran on this machine."
        ]

    def _layers(self) -> list[Share]:
        profile = self.measured.profile
        return by_layer(profile.samples, profile.cpu_ms) if profile else []

    def _profile(self) -> list[str]:
        profile = self.measured.profile
        if profile is None:
            return []
        functions = by_function(profile.samples, profile.cpu_ms, _FUNCTIONS)
        count = sum(samples for samples, _ in profile.samples)
        return [
            f"## Where the CPU time of {profile.service} goes",
            f"{count} samples of its CPU time at full load, {profile.cpu_ms:.3f} ms an order.",
            _shares("layer", self._layers()),
            "The functions that use the most themselves, with the C code that they call:",
            _shares("function", functions),
        ]


def write(report: Report, folder: Path) -> None:
    """Write RESULTS.md and results.json into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "RESULTS.md").write_text(report.markdown(), encoding="utf-8")
    data = json.dumps(report.data(), indent=2)
    (folder / "results.json").write_text(data + "\n", encoding="utf-8")


def _plain_data(rounds: Mapping[str, _Rounds]) -> dict[str, list[dict[str, Any]]]:
    return {name: [dataclasses.asdict(each) for each in rounds[name]] for name in rounds}


def _row(
    label: str,
    ours: _Rounds,
    plain: _Rounds,
    figure: str,
    digits: int,
    service: str | None = None,
    *,
    ratio: bool = True,
) -> str:
    def values(rounds: _Rounds) -> list[float]:
        found = [getattr(each, figure) for each in rounds]
        return [float(each[service] if service else each) for each in found]

    cells, middles = [], []
    for each in (values(ours), values(plain)):
        middles.append(median(each))
        shown = [f"{value:.{digits}f}" for value in (middles[-1], min(each), max(each))]
        cells.append(f"{shown[0]} ({shown[1]}-{shown[2]})")
    # A short load may cost less than the clock can tell.
    times = f"{middles[1] / middles[0]:.1f}" if ratio and middles[0] > 0 else ""
    return f"| {label} | {cells[0]} | {cells[1]} | {times} |"


def _counts(ours: _Rounds, plain: _Rounds) -> list[str]:
    lines = []
    for name in ("orders", "errors"):
        sums = [sum(getattr(each, name) for each in rounds) for rounds in (ours, plain)]
        lines.append(f"| {name} | {sums[0]} | {sums[1]} | |")
    return lines


def _shares(what: str, shares: list[Share]) -> str:
    lines = [f"| {what} | % | µs an order |", "|---|---|---|"]
    lines += [f"| {each.name} | {each.percent:.1f} | {each.microseconds:.0f} |" for each in shares]
    return "\n".join(lines)
