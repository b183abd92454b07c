"""The results of a run, for people and for programs."""

import dataclasses
import json
import os
import platform
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.bench.orders.figures import Round, middle
from tools.bench.orders.layers import Share, by_function, by_layer
from tools.bench.orders.measuring import Measured, Options
from tools.bench.orders.variants import ORDER_API, ORDER_PROCESSOR, PLAIN, PLATFORM

_FUNCTIONS = 20


@dataclass(frozen=True, slots=True)
class Machine:
    """What the figures are from."""

    command: str
    commit: str
    cpu: str
    python: str


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
            f"`{machine.command}` wrote this file. What is compared: [README.md](README.md).",
            f"- commit {machine.commit}\n- {machine.cpu}\n- Python {machine.python}\n"
            f"- {options.rate:g} orders a second of {options.lines} lines, {skus}\n"
            f"- {options.rounds} rounds of {options.seconds:g} s each, the two in turn, "
            f"after {options.warm_up:g} s of warm-up",
            self._comparison(),
            "Medians of the rounds, in brackets the lowest and the highest. "
            "Latency counts from the moment that an order was due.\n"
            "CPU time is a service's process's, in user and kernel mode; "
            "what it uses without load is subtracted.",
        ]
        if self.measured.profile:
            parts += self._profile()
        return "\n\n".join(parts) + "\n"

    def data(self) -> dict[str, Any]:
        """Return the report as JSON can hold it: all rounds, and the medians."""
        rounds = self.measured.rounds
        return {
            "machine": dataclasses.asdict(self.machine),
            "options": dataclasses.asdict(self.options),
            "median": {name: dataclasses.asdict(middle(rounds[name])) for name in rounds},
            "rounds": {
                name: [dataclasses.asdict(each) for each in rounds[name]] for name in rounds
            },
            "layers": [dataclasses.asdict(share) for share in self._layers()],
        }

    def _comparison(self) -> str:
        ours, plain = self.measured.rounds[PLATFORM.name], self.measured.rounds[PLAIN.name]
        lines = ["| an order | platform | plain | plain / platform |", "|---|---|---|---|"]
        for service in (ORDER_API, ORDER_PROCESSOR):
            lines.append(_row(f"CPU of {service}, ms", ours, plain, "cpu_ms", 2, service))
        for figure in ("p50_ms", "p95_ms", "p99_ms"):
            lines.append(_row(f"latency {figure[:3]}, ms", ours, plain, figure, 1))
        for service in (ORDER_API, ORDER_PROCESSOR):
            lines.append(_row(f"memory of {service}, MB", ours, plain, "rss_mb", 0, service))
        for label, figure, digits in (
            ("orders a second", "rate", 1),
            ("sent late p99, ms", "late_p99_ms", 1),
        ):
            lines.append(_row(label, ours, plain, figure, digits, ratio=False))
        ends = middle(ours), middle(plain)
        lines.append(f"| orders | {ends[0].orders} | {ends[1].orders} | |")
        lines.append(f"| errors | {ends[0].errors} | {ends[1].errors} | |")
        return "\n".join(lines)

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
            f"{count} samples of its CPU time, {profile.cpu_ms:.2f} ms an order "
            "with what it uses idle.",
            _shares("layer", self._layers()),
            "The functions that use the most themselves, with the C code that they call:",
            _shares("function", functions),
        ]


def this_machine(arguments: list[str]) -> Machine:
    """Return what a run with these arguments is run on."""
    shown = re.sub(r"\s*--output[= ]\S+", "", shlex.join(arguments)).strip()
    command = "tools/bazel run //tools/bench/orders" + (f" -- {shown}" if shown else "")
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"^model name\s*:\s*(.+)$", info, re.MULTILINE)
    name = model[1] if model else platform.machine()
    return Machine(command, _commit(), f"{name}, {os.cpu_count()} CPUs", platform.python_version())


def write(report: Report, folder: Path) -> None:
    """Write RESULTS.md and results.json into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "RESULTS.md").write_text(report.markdown(), encoding="utf-8")
    data = json.dumps(report.data(), indent=2)
    (folder / "results.json").write_text(data + "\n", encoding="utf-8")


def _commit() -> str:
    workspace = os.environ.get("BUILD_WORKSPACE_DIRECTORY", ".")
    try:
        commit = _git(workspace, "rev-parse", "--short=12", "HEAD")
        changed = _git(workspace, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{commit}, with changes" if changed else commit


def _git(folder: str, *arguments: str) -> str:
    command = ["git", "-C", folder, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return done.stdout.strip()


def _row(
    label: str,
    ours: list[Round],
    plain: list[Round],
    figure: str,
    digits: int,
    service: str | None = None,
    *,
    ratio: bool = True,
) -> str:
    def value(each: Round) -> float:
        found = getattr(each, figure)
        return float(found[service] if service else found)

    cells = []
    for rounds in (ours, plain):
        values = [value(each) for each in rounds]
        shown = [f"{each:.{digits}f}" for each in (value(middle(rounds)), min(values), max(values))]
        cells.append(f"{shown[0]} ({shown[1]}-{shown[2]})")
    # A short load may cost less than the clock can tell.
    comparable = ratio and value(middle(ours)) > 0
    times = f"{value(middle(plain)) / value(middle(ours)):.1f}" if comparable else ""
    return f"| {label} | {cells[0]} | {cells[1]} | {times} |"


def _shares(what: str, shares: list[Share]) -> str:
    lines = [f"| {what} | % | µs an order |", "|---|---|---|"]
    lines += [f"| {each.name} | {each.percent:.1f} | {each.microseconds:.0f} |" for each in shares]
    return "\n".join(lines)
