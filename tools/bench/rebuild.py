"""Measure what a change of one line costs, and that nothing that ships depends on where it is made.

Usage: python3 tools/bench/rebuild.py

Clones HEAD into a folder of its own with an output base of its own, and there
1. builds the images and the Lambda zips without any cache and compares them with this checkout's,
2. tests everything, with the results that the disk cache has,
3. tests everything again with nothing changed,
4. changes one line of order_api and tests order_api, five times, and takes the median; likewise one
   line of the handler and one of the rest of order_webhook, which are TypeScript, with its small
   tests, which need no servers,
5. changes order_api once more and tests it, then everything, listing the actions that ran.

Prints a table. Exits with 1 if an artifact differs, if nothing-changed runs an action, or if a
change runs an action of a package that does not depend on it.
"""

from __future__ import annotations

import hashlib
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
# The files of `//functions:zips`.
ZIPS = (
    "functions/order_webhook/order_webhook_arm64.zip",
    "functions/order_webhook/order_webhook_x86_64.zip",
    "functions/stock_alert/stock_alert_arm64.zip",
    "functions/stock_alert/stock_alert_x86_64.zip",
)
REPETITIONS = 5


@dataclass(frozen=True)
class Change:
    """A line that is added to a file, and the packages whose actions may then run."""

    name: str
    file: str
    line: str
    """With a place for a number, so that no earlier run's result is in the disk cache."""
    affected: tuple[str, ...]
    options: tuple[str, ...] = ()
    """For Bazel, to select among the package's tests."""

    @property
    def tests(self) -> str:
        """The package's own tests."""
        return f"//{Path(self.file).parent}/..."


ORDER_API = Change(
    "order_api",
    "services/order_api/endpoints.py",
    "MARKER = {}",
    # order_api, and what depends on it.
    (
        "//services/order_api:",
        "//services/tests",
        "//tools/bench/orders:",
        "//tools/dev:",
        "//tools/dev/",
    ),
)
_SMALL_TESTS = ("--build_tests_only", "--test_size_filters=small")
WEBHOOK_HANDLER = Change(
    "the handler of order_webhook",
    "functions/order_webhook/handler.ts",
    "console.assert({}n > 0n);",
    ("//functions/order_webhook:",),
    _SMALL_TESTS,
)
WEBHOOK = Change(
    "order_webhook",
    "functions/order_webhook/outcomes.ts",
    "console.assert({}n > 0n);",
    ("//functions/order_webhook:",),
    _SMALL_TESTS,
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

    def make(self, change: Change) -> None:
        """Add the line to the file."""
        file = self.tree / change.file
        text = file.read_text(encoding="utf-8")
        file.write_text(f"{text}\n{change.line.format(time.time_ns())}\n", encoding="utf-8")

    def repeat(self, change: Change) -> Step:
        """Make a change and test its package, some times; the step has the median of the times."""
        seconds = []
        for _ in range(REPETITIONS):
            self.make(change)
            seconds.append(self._test(change, log=False).seconds)
        self.make(change)
        step = self._test(change)
        step.seconds = median(seconds)
        return step

    def _test(self, change: Change, *, log: bool = True) -> Step:
        words = " ".join((change.tests, *change.options))
        name = f"test {words}, one line of {change.name}"
        return self.bazel(name, "test", change.tests, *change.options, log=log)

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


def image_digest(tree: Path, package: str) -> str:
    """Return the digest of the image that was built last in `tree`."""
    layout = tree / "bazel-bin" / package / "image" / "index.json"
    index = json.loads(layout.read_text(encoding="utf-8"))
    return str(index["manifests"][0]["digest"])


def zip_digest(tree: Path, path: str) -> str:
    """Return the SHA-256 of the zip that was built last in `tree`."""
    return f"sha256:{hashlib.sha256((tree / 'bazel-bin' / path).read_bytes()).hexdigest()}"


def differences(elsewhere: Path) -> list[str]:
    """Print each artifact's digests and return a sentence for each that is another elsewhere."""
    digests = {
        package: [image_digest(tree, package) for tree in (ROOT, elsewhere)] for package in IMAGES
    } | {path: [zip_digest(tree, path) for tree in (ROOT, elsewhere)] for path in ZIPS}
    for name, (here, there) in digests.items():
        print(f"{name}: {here} here, {'the same' if here == there else there} elsewhere")
    return [
        f"{name} depends on where it is made"
        for name, (here, there) in digests.items()
        if here != there
    ]


def strangers(change: Change, *steps: Step) -> list[str]:
    """Return a sentence for each action that ran though the change is none of its business."""
    return [
        f"{label} ({mnemonic}) ran and does not depend on {change.name}"
        for step in steps
        for label, mnemonic in step.actions
        if not label.startswith(change.affected)
    ]


def main() -> int:
    """Run the steps in order; return the exit code."""
    folder = Path(tempfile.mkdtemp(prefix="granary-rebuild-"))
    artifacts = [*(f"//{package}:image" for package in IMAGES), "//functions:zips"]
    subprocess.run(  # noqa: S603
        [ROOT / "tools/bazel", "build", "--noshow_progress", *artifacts], cwd=ROOT, check=True
    )
    checkout = Checkout(folder)
    try:
        steps = [checkout.bazel("images and zips, no cache", "build", "--disk_cache=", *artifacts)]
        problems = differences(checkout.tree)
        steps.append(checkout.bazel("test //..., cached", "test", "//..."))
        steps.append(checkout.bazel("test //..., nothing changed", "test", "//..."))
        if steps[-1].actions:
            problems.append(f"nothing changed, and yet these ran: {steps[-1].actions}")
        handler = checkout.repeat(WEBHOOK_HANDLER)
        webhook = checkout.repeat(WEBHOOK)
        own = checkout.repeat(ORDER_API)
        dependents = checkout.bazel("test //..., what depends on them", "test", "//...")
        steps += [handler, webhook, own, dependents]
        problems += strangers(WEBHOOK_HANDLER, handler) + strangers(WEBHOOK, webhook)
        problems += strangers(ORDER_API, own)
    finally:
        checkout.stop()
        shutil.rmtree(folder, ignore_errors=True)
    for step in steps:
        print(f"{step.seconds:7.1f} s  {len(step.actions):4} actions  {step.name}")
    ran = Counter(handler.actions + webhook.actions + own.actions + dependents.actions)
    for (label, mnemonic), count in sorted(ran.items()):
        print(f"{count:7} x {mnemonic:24} {label}")
    for problem in problems:
        print(f"FAILED  {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
