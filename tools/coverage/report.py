"""Print how much of each service its own tests run, from the test runs that are there.

    tools/bazel test --config=coverage -- //services/... -//services/tests/...
    tools/bazel run //tools/coverage [-- --missing]

Exits with 1 if a service has no such run or falls below `LEAST`, and with 2 for bad arguments.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import coverage

LEAST = 90.0
"""Percent of a service's lines."""
_DATA_FILE = "coverage"
# The build runs what trains models, as actions, and no test run sees those.
_NOT_SERVED = {"tests", "training"}


class ReportError(Exception):
    """There is nothing to report on; the message says what to run."""


@dataclass(frozen=True)
class Measured:
    """The lines of one service, and how many its tests ran."""

    service: str
    lines: int
    ran: int
    missing: tuple[str, ...]
    """The lines that no test ran: `services/x/app.py: 10-12, 40`."""

    @property
    def percent(self) -> float:
        """The share that ran."""
        return 100 * self.ran / self.lines if self.lines else 0.0


def measure(root: Path, service: str) -> Measured:
    """Return what the tests of `service` ran, the files that none of them imports included.

    Args:
        root: the workspace; the current folder, since the data name files relative to it.
        service: a folder of `services`.

    Raises:
        ReportError: its tests did not run with `--config=coverage`.
    """
    logs = root / "bazel-testlogs" / "services" / service
    files = sorted(logs.glob(f"**/test.outputs/{_DATA_FILE}"))
    if not files:
        raise ReportError(
            f"services/{service}: no test ran with coverage; first run "
            f"`tools/bazel test --config=coverage //services/{service}/...`"
        )
    noted = coverage.Coverage(data_file=None, config_file=str(root / "pyproject.toml"))
    noted.combine([str(file) for file in files], keep=True)
    lines = ran = 0
    missing = []
    try:
        for source in _sources(root, service):
            _, statements, _, absent, ranges = noted.analysis2(str(source))
            lines += len(statements)
            ran += len(statements) - len(absent)
            if absent:
                missing.append(f"{source}: {ranges}")
    finally:
        noted.get_data().close(force=True)
    return Measured(service, lines, ran, tuple(missing))


def services(root: Path) -> list[str]:
    """Return the names of all services."""
    return sorted(file.parent.name for file in root.glob("services/*/app.py"))


def _sources(root: Path, service: str) -> Iterator[Path]:
    for file in sorted((root / "services" / service).rglob("*.py")):
        source = file.relative_to(root)
        if not _NOT_SERVED.intersection(source.parts):
            yield source


def table(results: list[Measured]) -> str:
    """Return one line for each service."""
    out = io.StringIO()
    print(f"{'service':<18}{'lines':>7}{'ran':>7}{'coverage':>10}", file=out)
    for result in results:
        below = f"  below {LEAST:g} %" if result.percent < LEAST else ""
        print(
            f"{result.service:<18}{result.lines:>7}{result.ran:>7}{result.percent:>8.1f} %{below}",
            file=out,
        )
    return out.getvalue()


def main(arguments: list[str]) -> int:
    """Print the table and return the exit status."""
    parser = argparse.ArgumentParser(prog="coverage", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--missing", action="store_true", help="also print the lines that none ran")
    options = parser.parse_args(arguments)
    root = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "")).absolute()
    os.chdir(root)
    results = [measure(root, service) for service in services(root)]
    if not results:
        raise ReportError(f"{root} has no services")
    if options.missing:
        for line in (line for result in results for line in result.missing):
            print(line)
    print(table(results), end="")
    return 1 if any(result.percent < LEAST for result in results) else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ReportError as error:
        sys.exit(f"coverage: {error}")
