"""One run of Schemathesis over a running service, judged as its users would judge it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PHASES = ("examples", "coverage", "fuzzing", "stateful")
_SECONDS = 200


@dataclass(frozen=True)
class Run:
    """What a run did and found."""

    exit_code: int
    output: str
    report: dict[str, Any]
    answers: dict[str, int]
    """How many there were, by method, path and status."""

    @property
    def generated(self) -> int:
        """The number of requests that were made up and sent."""
        count: int = self.report["test_cases"]["generated"]
        return count

    @property
    def summary(self) -> str:
        """One line that shows whether the run was worth something."""
        told = {answer: n for answer, n in self.answers.items() if not answer.endswith(" 405")}
        return f"{self.generated} requests, seed {self.report['seed']}: {told}"

    @property
    def succeeded(self) -> set[str]:
        """Operations with a success in any phase, such as `GET /health`."""
        return {told.rpartition(" ")[0] for told in self.answers if told[-3:] < "300"}


def fuzz(url: str, *, configuration: str, folder: Path) -> Run:
    """Ask the service at `url` by its own description: valid and invalid data, alone and in chains.

    `configuration` names the file beside this one with the seed, the bounds and the checks.
    """
    report = folder / "report.json"
    command = [
        *(sys.executable, "-m", "schemathesis.cli"),
        *("--config-file", str(Path(__file__).parent / configuration)),
        "run",
        f"{url}/openapi.json",
        *("--mode", "all"),
        *("--phases", ",".join(PHASES)),
        # Shrinking costs minutes; the first request that fails is shown anyhow.
        "--no-shrink",
        "--continue-on-failure",
        *("--generation-database", "none"),
        *("--report", "json"),
        *("--report-json-path", str(report)),
    ]
    answers = folder / "answers.json"
    environment = {
        "ANSWERS_FILE": str(answers),
        "HOME": str(folder),
        "NO_COLOR": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "SCHEMATHESIS_HOOKS": "services.tests.fuzz.hooks",
        "TMPDIR": str(folder),
    }
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if not report.exists():
        raise AssertionError(f"Schemathesis ended with {done.returncode}:\n{done.stdout}")
    return Run(
        done.returncode,
        done.stdout,
        json.loads(report.read_text()),
        json.loads(answers.read_text()),
    )


def assert_nothing_found(
    run: Run, *, least: int, succeeding: set[str], chained: bool = True
) -> None:
    """Fail on any finding, and on a run that says little.

    `least` is how many requests there must have been, `succeeding` the operations of which some
    must have succeeded: refusals alone say little of what a service does. `chained` is False for a
    service none of whose answers leads to another question.
    """
    assert run.exit_code == 0, run.output
    assert run.report["failures"] == run.report["errors"] == []
    assert run.report["complete"]
    for phase in PHASES if chained else PHASES[:-1]:
        assert run.report["phases"][phase]["status"] == "success", (phase, run.output)
    assert run.report["operations"]["tested"] == run.report["operations"]["total"]
    assert run.generated >= least
    assert succeeding <= run.succeeded
