"""Count what a Bazel test run did, from its build event file.

Usage: summary.py BUILD_EVENTS

Prints each failed or skipped test and, last, `N passed, N failed`. Test cases are counted where a
target writes them to its test.xml; a target that writes none counts as one case. A target that did
not get as far as running counts as one failure. Exits with 1 if anything failed or nothing ran.
"""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

_PASSED = ("PASSED", "FLAKY")


@dataclass
class Summary:
    """Counts of test cases, and a line for each that did not pass."""

    passed: int = 0
    failed: int = 0
    remarks: list[str] = field(default_factory=list)

    def add_target(self, label: str, status: str, cases: list[ET.Element]) -> None:
        """Count one target: its cases, or itself if it has none or did not run."""
        before = self.failed
        for case in cases:
            self._add_case(label, case)
        if status not in _PASSED and self.failed == before:
            self.failed += 1
            self.remarks.append(f"{status}  {label}")
        elif not cases and status in _PASSED:
            self.passed += 1

    def _add_case(self, label: str, case: ET.Element) -> None:
        name = f"{label} {case.get('name')}"
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            self.failed += 1
            self.remarks.append(f"FAILED  {name}")
        elif skipped is not None:
            self.remarks.append(f"SKIPPED  {name}: {skipped.get('message') or 'no reason given'}")
        else:
            self.passed += 1


def summarize(events: Iterator[dict[str, Any]]) -> Summary:
    """Summarize the events of one `bazel test` (build_event_stream.proto, as JSON)."""
    summary = Summary()
    reports: dict[str, list[ET.Element]] = {}
    for event in events:
        identity = event["id"]
        if "testResult" in event and "testResult" in identity:
            # The last attempt of a test counts.
            label = identity["testResult"]["label"]
            shard = f"{label} {identity['testResult'].get('shard')}"
            reports[shard] = _cases(event["testResult"])
        elif "testSummary" in event:
            label = identity["testSummary"]["label"]
            cases = [c for key, value in reports.items() if key.split()[0] == label for c in value]
            summary.add_target(label, event["testSummary"]["overallStatus"], cases)
        elif event.get("completed", {}).get("success") is False and "targetCompleted" in identity:
            summary.failed += 1
            summary.remarks.append(f"NOT BUILT  {identity['targetCompleted']['label']}")
        elif "aborted" in event and event["aborted"].get("reason") == "SKIPPED":
            label = next(iter(identity.values())).get("label")
            summary.remarks.append(f"SKIPPED  {label}: not for this platform or way to get Bazel")
    return summary


def _cases(result: dict[str, Any]) -> list[ET.Element]:
    for output in result.get("testActionOutput", []):
        if output["name"] == "test.xml":
            report = Path(unquote(urlsplit(output["uri"]).path))
            root = ET.fromstring(report.read_bytes())  # noqa: S314  written by our own tests
            # Bazel's own report, for a test that writes none, has one case without a class.
            return [case for case in root.iter("testcase") if case.get("classname")]
    return []


def _read(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def main(path: str) -> int:
    """Print the summary of the build event file at `path`."""
    summary = summarize(_read(Path(path)))
    for remark in sorted(set(summary.remarks)):
        print(remark)
    print(f"{summary.passed} passed, {summary.failed} failed")
    return 1 if summary.failed or not summary.passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
