"""A TypeScript test target passes only if every file of it ran tests and all of them passed."""

import os
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

RUN = Path(os.environ["RUN"]).absolute()

PASSING = 'test("one and one", () => assert.equal(2, 1 + 1));\n'
FAILING = 'test("one and one", () => assert.equal(3, 1 + 1));\n'


def run(folder: Path, files: dict[str, str], **variables: str) -> subprocess.CompletedProcess[str]:
    """Run test files of these contents."""
    (folder / "package.json").write_text('{"type": "module"}')
    for name, content in files.items():
        imports = 'import assert from "node:assert/strict";\nimport { test } from "node:test";\n'
        (folder / name).write_text(imports + content)
    return subprocess.run(
        [RUN, *files],
        cwd=folder,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # Else rules_js looks for the folders of an action around the temporary one.
        env={"BAZEL_BINDIR": ".", "PATH": os.defpath, **variables},
    )


def test_tests_that_pass_pass(tmp_path: Path) -> None:
    done = run(tmp_path, {"a.test.js": PASSING, "b.test.js": PASSING})
    assert done.returncode == 0, done.stdout


def test_a_failure_fails_and_names_its_line(tmp_path: Path) -> None:
    done = run(tmp_path, {"a.test.js": PASSING, "b.test.js": FAILING})
    assert done.returncode == 1
    assert "b.test.js:3:" in done.stdout


def test_a_file_that_holds_no_test_fails(tmp_path: Path) -> None:
    done = run(tmp_path, {"a.test.js": PASSING, "b.test.js": "assert.ok(test);\n"})
    assert done.returncode == 1
    assert "b.test.js: no test ran" in done.stdout
    assert "a.test.js: no test ran" not in done.stdout


def test_a_file_that_cannot_be_loaded_fails(tmp_path: Path) -> None:
    done = run(tmp_path, {"a.test.js": 'import "./missing.js";\n' + PASSING})
    assert done.returncode == 1
    assert "missing.js" in done.stdout


@pytest.mark.parametrize(
    "left_out",
    [
        'test.skip("later", () => {});',
        'test("later", { skip: "slow" }, () => {});',
        'test("later", (t) => t.skip());',
        'test.todo("later");',
    ],
)
def test_a_test_that_is_left_out_fails(tmp_path: Path, left_out: str) -> None:
    done = run(tmp_path, {"a.test.js": PASSING + left_out})
    assert done.returncode == 1
    assert "later: skipped or left to do" in done.stdout


def test_a_filter_runs_the_tests_that_it_names(tmp_path: Path) -> None:
    other = 'test("another", () => assert.fail());\n'
    files = {"a.test.js": PASSING, "b.test.js": other}
    assert run(tmp_path, files, TESTBRIDGE_TEST_ONLY="one and").returncode == 0
    assert run(tmp_path, files, TESTBRIDGE_TEST_ONLY="another").returncode == 1


def test_a_filter_that_names_no_test_fails(tmp_path: Path) -> None:
    done = run(tmp_path, {"a.test.js": PASSING}, TESTBRIDGE_TEST_ONLY="no such")
    assert done.returncode == 1
    assert "no test has a name like no such" in done.stdout


def test_the_outcome_is_reported_as_xml(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    run(tmp_path, {"a.test.js": PASSING + FAILING}, XML_OUTPUT_FILE=str(report))
    cases = ET.parse(report).findall(".//testcase")
    assert [case.find("failure") is not None for case in cases] == [False, True]
