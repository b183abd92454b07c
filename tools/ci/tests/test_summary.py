"""The closing line tells the truth about failures, skips and what never ran."""

import json
from pathlib import Path
from typing import Any

import pytest

from tools.ci.summary import main


class Run:
    """The build events of a test run, as Bazel writes them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._events: list[dict[str, Any]] = []

    def target(self, label: str, status: str, cases: str | None = None) -> None:
        report = self._folder / f"{len(self._events)}.xml"
        identity = {"label": label, "run": 1, "shard": 1, "attempt": 1}
        result: dict[str, Any] = {"status": status}
        if cases is not None:
            report.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
            result["testActionOutput"] = [{"name": "test.xml", "uri": report.as_uri()}]
        self._events.append({"id": {"testResult": identity}, "testResult": result})
        self._events.append(
            {"id": {"testSummary": {"label": label}}, "testSummary": {"overallStatus": status}}
        )

    def event(self, event: dict[str, Any]) -> None:
        self._events.append(event)

    def summary(self, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
        file = self._folder / "events.json"
        file.write_text("".join(json.dumps(event) + "\n" for event in self._events))
        exit_code = main(str(file))
        return exit_code, capsys.readouterr().out.splitlines()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


GOOD = '<testcase classname="t" name="good"/>'
BAD = '<testcase classname="t" name="bad"><failure/></testcase>'
SKIPPED = '<testcase classname="t" name="later"><skipped message="needs arm64"/></testcase>'


def test_cases_are_counted_not_targets(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run.target("//a:test", "PASSED", GOOD * 3)
    run.target("//b:test", "PASSED", GOOD)
    assert (0, ["4 passed, 0 failed"]) == run.summary(capsys)


def test_a_target_without_cases_counts_as_one(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run.target("//a:test", "PASSED", '<testcase name="a/test"/>')
    assert (0, ["1 passed, 0 failed"]) == run.summary(capsys)


def test_a_failed_case_fails_the_run(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run.target("//a:test", "FAILED", GOOD + BAD)
    assert (1, ["FAILED  //a:test bad", "1 passed, 1 failed"]) == run.summary(capsys)


def test_a_timeout_is_a_failure(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run.target("//a:test", "TIMEOUT")
    assert (1, ["TIMEOUT  //a:test", "0 passed, 1 failed"]) == run.summary(capsys)


def test_a_target_that_does_not_build_is_a_failure(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    run.target("//a:test", "PASSED", GOOD)
    run.event({"id": {"targetCompleted": {"label": "//b:lib"}}, "completed": {"success": False}})
    assert (1, ["NOT BUILT  //b:lib", "1 passed, 1 failed"]) == run.summary(capsys)


def test_a_skip_is_printed_with_its_reason(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run.target("//a:test", "PASSED", GOOD + SKIPPED)
    expected = ["SKIPPED  //a:test later: needs arm64", "1 passed, 0 failed"]
    assert (0, expected) == run.summary(capsys)


def test_a_run_without_tests_is_a_failure(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert (1, ["0 passed, 0 failed"]) == run.summary(capsys)
