"""The results of a run, for people and for programs."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tools.bench.beside.bench import PLAIN, PLATFORM, Bench
from tools.bench.beside.measuring import Options, Round, Rounds
from tools.bench.orders.machine import Machine

_COST_HEAD = """\
| a request | CPU ms: platform | plain | peak of memory, MB: platform | plain |
|---|---|---|---|---|"""


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a run, and what it was run on."""

    bench: Bench
    machine: Machine
    options: Options
    measured: Mapping[str, Rounds]

    def markdown(self) -> str:
        """Return the report as a document."""
        machine, options, records = self.machine, self.options, self.bench.records
        head = (
            f"| {records} a CPU second | platform | plain | platform / plain |\n|---|---|---|---|"
        )
        rates = [
            f"| {name} | {_spread(_rates(rounds[PLATFORM]))} | {_spread(_rates(rounds[PLAIN]))} "
            f"| {_spread(ratios(rounds), digits=1)} |"
            for name, rounds in self.measured.items()
        ]
        costs = [
            f"| {name} | {_cost(self._records(name), rounds[PLATFORM])} "
            f"| {_cost(self._records(name), rounds[PLAIN])} "
            f"| {_peak(rounds[PLATFORM])} | {_peak(rounds[PLAIN])} |"
            for name, rounds in self.measured.items()
        ]
        parts = [
            f"# {self.bench.title}",
            f"`{machine.command}` wrote this file. What is compared, and how: "
            "[README.md](README.md).",
            f"- commit {machine.commit}\n- {machine.cpu}\n- Python {machine.python}\n"
            f"- {options.rounds} rounds of {options.cpu_seconds:g} s of CPU or more, "
            "the two services in turn; both gave the same answers",
            "Figures are medians of the rounds, in brackets the lowest and the highest. "
            "CPU time is the service's process's, in user and kernel mode. "
            "A ratio is of two rounds that followed each other.",
            "\n".join([head, *rates]),
            "\n".join([_COST_HEAD, *costs]),
        ]
        return "\n\n".join(parts) + "\n"

    def data(self) -> dict[str, Any]:
        """Return the report as JSON can hold it: all rounds, and the medians of the ratios."""
        return {
            "machine": dataclasses.asdict(self.machine),
            "options": dataclasses.asdict(self.options),
            "cases": {
                name: {
                    "records_a_request": self._records(name),
                    "ratio": median(ratios(rounds)),
                    "records_a_cpu_second": {
                        side: median(_rates(each)) for side, each in rounds.items()
                    },
                    "rounds": {
                        side: [dataclasses.asdict(one) for one in each]
                        for side, each in rounds.items()
                    },
                }
                for name, rounds in self.measured.items()
            },
        }

    def _records(self, name: str) -> int:
        return next(case.records for case in self.bench.cases if case.name == name)


def write(report: Report, folder: Path) -> None:
    """Write RESULTS.md and results.json into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "RESULTS.md").write_text(report.markdown(), encoding="utf-8")
    data = json.dumps(report.data(), indent=2)
    (folder / "results.json").write_text(data + "\n", encoding="utf-8")


def ratios(rounds: Rounds) -> list[float]:
    """Return how many times as many records the platform does, by round."""
    pairs = zip(rounds[PLATFORM], rounds[PLAIN], strict=True)
    return [ours.rate / plain.rate for ours, plain in pairs]


def _rates(rounds: Sequence[Round]) -> list[float]:
    return [each.rate for each in rounds]


def _spread(values: Sequence[float], digits: int = 0) -> str:
    shown = [f"{value:,.{digits}f}" for value in (median(values), min(values), max(values))]
    return f"{shown[0]} ({shown[1]}-{shown[2]})"


def _cost(records: int, rounds: Sequence[Round]) -> str:
    """Return the CPU time of one request."""
    milliseconds = sorted(1000 * records / each.rate for each in rounds)
    digits = 3 if milliseconds[0] < 1 else 2 if milliseconds[0] < 100 else 0
    return _spread(milliseconds, digits)


def _peak(rounds: Sequence[Round]) -> str:
    return f"{max(each.peak_mb for each in rounds):.0f}"
