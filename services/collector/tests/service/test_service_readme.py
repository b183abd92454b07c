"""The README names every kind of problem that a job may end with."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parents[2]


def _kinds() -> Iterator[str]:
    """The names that the code gives to what goes wrong with jobs."""
    for path in (*FOLDER.glob("*.py"), *FOLDER.glob("sources/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                first = node.args[0] if node.args else None
                named = node.func.id in {"SourceError", "JobProblem"}
                if named and isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield first.value


def test_every_problem_of_jobs_is_documented() -> None:
    kinds = set(_kinds())
    assert len(kinds) > 15
    readme = (FOLDER / "README.md").read_text()
    _, _, table = readme.partition("| kind of a job's problem |")
    rows = [row for row in table.partition("\n\n")[0].splitlines() if row.startswith("| `")]
    assert kinds == {kind for row in rows for kind in re.findall("`([a-z-]+)`", row.split("|")[1])}
