"""Measure what a change of one line costs, and that an image does not depend on where it is made.

Usage: python3 tools/bench/rebuild.py

Clones HEAD into a folder of its own with an output base of its own, and there
1. builds the services' images without any cache and compares their digests with this checkout's,
2. tests everything, with the results that the disk cache has,
3. tests everything again with nothing changed,
4. changes one line of order_api and tests order_api, five times, and takes the median,
5. changes it once more and tests order_api, then everything, listing the actions that ran.

Prints a table. Exits with 1 if a digest differs, if nothing-changed runs an action, or if the
change of order_api runs an action of a package that does not depend on it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ("services/order_api", "services/order_processor")
CHANGED = Path("services/order_api/endpoints.py")
OWN_TESTS = "//services/order_api/..."
REPETITIONS = 5

# order_api, and what depends on it.
AFFECTED = (
    "//services/order_api:",
    "//services/tests",
    "//tools/bench/orders:",
    "//tools/dev:",
    "//tools/dev/",
)


@dataclass
class Step:
    """One call of Bazel: what it took and which actions it ran, as (target, mnemonic)."""

    name: str
    seconds: float
    actions: list[tuple[str, str]]


class Checkout:
    """A clone of HEAD, built in an output base of its own."""

    def __init__(self, folder: Path) -> None:
        self.tree = folder / "elsewhere"
        self._output_base = folder / "output-base"
        self._log = folder / "actions.json"
        subprocess.run(["git", "clone", "--quiet", ROOT, self.tree], check=True)  # noqa: S603, S607

    def bazel(self, name: str, *arguments: str, log: bool = True) -> Step:
        """Run Bazel and return what it did; its messages are shown if it fails.

        Without the log, which costs time of its own, the actions stay unknown.
        """
        command, *rest = arguments
        started = time.monotonic()
        done = subprocess.run(  # noqa: S603
            [
                self.tree / "tools/bazel",
                f"--output_base={self._output_base}",
                command,
                *([f"--execution_log_json_file={self._log}"] if log else []),
                "--color=no",
                "--noshow_progress",
                *rest,
            ],
            cwd=self.tree,
            check=False,
            capture_output=True,
            text=True,
        )
        seconds = time.monotonic() - started
        if done.returncode != 0:
            sys.exit(f"{name} failed:\n{done.stderr}")
        return Step(name, seconds, self._actions_run() if log else [])

    def change(self, number: int) -> None:
        """Add a line to a module of order_api."""
        module = self.tree / CHANGED
        text = module.read_text(encoding="utf-8")
        # Of another content in every run, so that no earlier run's result is in the disk cache.
        module.write_text(f"{text}\nMARKER_{number} = {time.time_ns()}\n", encoding="utf-8")

    def stop(self) -> None:
        """Stop the Bazel server and delete its output base, which is read-only in places."""
        subprocess.run(  # noqa: S603
            [
                self.tree / "tools/bazel",
                f"--output_base={self._output_base}",
                "clean",
                "--expunge",
            ],
            cwd=self.tree,
            check=False,
            capture_output=True,
        )

    def _actions_run(self) -> list[tuple[str, str]]:
        # One JSON object after another, with nothing but white space between them.
        decoder, text = json.JSONDecoder(), self._log.read_text(encoding="utf-8").lstrip()
        found = []
        while text:
            spawn, end = decoder.raw_decode(text)
            text = text[end:].lstrip()
            if not spawn.get("cacheHit"):
                found.append((spawn["targetLabel"].lstrip("@"), spawn["mnemonic"]))
        return found


def digest(tree: Path, package: str) -> str:
    """Return the digest of the image that was built last in `tree`."""
    layout = tree / "bazel-bin" / package / "image" / "index.json"
    index = json.loads(layout.read_text(encoding="utf-8"))
    return str(index["manifests"][0]["digest"])


def main() -> int:
    """Run the steps in order; return the exit code."""
    folder = Path(tempfile.mkdtemp(prefix="granary-rebuild-"))
    images = [f"//{package}:image" for package in IMAGES]
    subprocess.run(  # noqa: S603
        [ROOT / "tools/bazel", "build", "--noshow_progress", *images], cwd=ROOT, check=True
    )
    checkout = Checkout(folder)
    problems = []
    try:
        steps = [checkout.bazel("images, no cache", "build", "--disk_cache=", *images)]
        for package in IMAGES:
            here, there = digest(ROOT, package), digest(checkout.tree, package)
            print(f"{package}: {here} here, {'the same' if here == there else there} elsewhere")
            if here != there:
                problems.append(f"{package}: the image depends on where it is made")
        steps.append(checkout.bazel("test //..., cached", "test", "//..."))
        steps.append(checkout.bazel("test //..., nothing changed", "test", "//..."))
        if steps[-1].actions:
            problems.append(f"nothing changed, and yet these ran: {steps[-1].actions}")
        seconds = []
        for number in range(REPETITIONS):
            checkout.change(number)
            again = checkout.bazel("", "test", OWN_TESTS, log=False)
            seconds.append(again.seconds)
        checkout.change(REPETITIONS)
        own = checkout.bazel(f"test {OWN_TESTS}, one line of it", "test", OWN_TESTS)
        own.seconds = median(seconds)
        dependents = checkout.bazel("test //..., what depends on it", "test", "//...")
        steps += [own, dependents]
        for label, mnemonic in own.actions + dependents.actions:
            if not label.startswith(AFFECTED):
                problems.append(f"{label} ({mnemonic}) ran and does not depend on order_api")
    finally:
        checkout.stop()
        shutil.rmtree(folder, ignore_errors=True)
    for step in steps:
        print(f"{step.seconds:7.1f} s  {len(step.actions):4} actions  {step.name}")
    for (label, mnemonic), count in sorted(Counter(own.actions + dependents.actions).items()):
        print(f"{count:7} x {mnemonic:24} {label}")
    for problem in problems:
        print(f"FAILED  {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
