"""What pytest does otherwise than 7.1.0 and 7.4.0, which the starting projects had.

Tests of the old kind are run in a process of their own, without plugins. docs/migration.md has the
outcomes as a table.
"""

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

A_FILE = """
import pytest

def test_that_returns():
    return 1 == 2

async def test_without_a_plugin():
    assert False

class TestOfNose:
    def setup(self):
        self.ready = True
    def test_that_was_set_up(self):
        assert self.ready

def test_that_wants_no_warnings():
    with pytest.warns(None) as caught:
        pass
    assert not caught

def test_that_matches_nothing():
    with pytest.raises(ValueError, match=""):
        raise ValueError("some message")
"""

A_GENERATOR = """
import pytest

@pytest.mark.parametrize("number", (number for number in [1, 2]))
def test_with_a_generator(number):
    pass
"""

A_YIELD_TEST = """
def test_that_yields():
    yield
"""

A_MARKED_FIXTURE = """
import pytest

@pytest.mark.usefixtures("tmp_path")
@pytest.fixture
def marked():
    return 1

def test_with_it(marked):
    pass
"""


def outcomes(folder: Path, *arguments: str) -> list[tuple[str, str]]:
    """Run tests; return what became of each, or of each file that could not be read."""
    report = folder / "report.xml"
    subprocess.run(
        [sys.executable, "-m", "pytest", f"--junitxml={report}", *arguments],
        cwd=folder,
        env={
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        },
        capture_output=True,
        check=False,
    )
    cases = ElementTree.parse(report).iter("testcase")
    return [(case.attrib["name"], _outcome(next(iter(case), None))) for case in cases]


def _outcome(problem: ElementTree.Element | None) -> str:
    if problem is None:
        return "passed"
    return f"{problem.tag}: {problem.attrib['message']}: {problem.text}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of tests of the old kind."""
    folder = tmp_path_factory.mktemp("old")
    for name, text in {
        "test_old": A_FILE,
        "test_generator": A_GENERATOR,
        "test_mark": A_MARKED_FIXTURE,
        "test_yield": A_YIELD_TEST,
    }.items():
        (folder / f"{name}.py").write_text(text)
    return folder


@pytest.fixture(scope="module")
def old(folder: Path) -> list[tuple[str, str]]:
    """What becomes of tests that passed, or were left out, before; the file is named twice."""
    return outcomes(folder, "test_old.py", "test_old.py")


@pytest.fixture(scope="module")
def strict(folder: Path) -> dict[str, str]:
    """What becomes of all when warnings are errors, as pyproject.toml has it."""
    return dict(outcomes(folder, "-Werror", "--continue-on-collection-errors"))


@pytest.mark.parametrize(
    ("test", "outcome"),
    [
        ("test_without_a_plugin", "failure: Failed: async def functions are not natively"),
        ("test_that_was_set_up", "failure: AttributeError"),
        ("test_that_wants_no_warnings", "failure: TypeError"),
        ("test_that_returns", "passed"),
        ("test_that_matches_nothing", "passed"),
    ],
)
def test_what_passed_or_was_left_out_fails(
    old: list[tuple[str, str]], test: str, outcome: str
) -> None:
    assert dict(old)[test].startswith(outcome)


@pytest.mark.parametrize(
    ("test", "outcome"),
    [
        ("test_that_returns", "failure: pytest.PytestReturnNotNoneWarning"),
        ("test_that_matches_nothing", "failure: pytest.PytestWarning: matching against an empty"),
    ],
)
def test_what_only_warns_fails_where_warnings_are_errors(
    strict: dict[str, str], test: str, outcome: str
) -> None:
    assert strict[test].startswith(outcome)


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("test_generator", "Passing a non-Collection iterable to parametrize is deprecated"),
        ("test_mark", "Marks cannot be applied to fixtures"),
        ("test_yield", "'yield' keyword is allowed in fixtures, but not in tests"),
    ],
)
def test_a_file_with_it_is_not_read_at_all(strict: dict[str, str], file: str, reason: str) -> None:
    assert strict[file].startswith("error: collection failure")
    assert reason in strict[file]


def test_a_file_that_is_named_twice_is_run_once(old: list[tuple[str, str]]) -> None:
    assert 5 == len(dict(old)) == len(old)
