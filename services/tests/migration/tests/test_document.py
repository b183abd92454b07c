"""The tables of docs/migration.md name tests, places and versions that there are."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tools.requirements.lock import pins

DOCUMENT = Path("docs/migration.md")
ROWS = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines()
    if line.startswith("|")
]
TESTS = {
    node.name
    for file in Path("services/tests/migration/tests").glob("test_*.py")
    if file.name != Path(__file__).name
    for node in ast.parse(file.read_text(encoding="utf-8")).body
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
}
PLACES = [
    (file, code.replace("\\|", "|"))
    for row in ROWS
    if row[-1].startswith("`test_")
    for file, text in re.findall(r"\]\(\.\./([^)]+)\)(.*)", row[-2])
    for code in re.findall(r"`([^`]+)`", text)
]


def test_every_test_is_in_a_row_and_every_row_has_its_test() -> None:
    named = {row[-1].strip("`") for row in ROWS if row[-1].startswith("`test_")}
    assert len(named) > 60
    assert TESTS == named


@pytest.mark.parametrize(("file", "code"), PLACES)
def test_what_is_said_to_be_in_a_file_is_there(file: str, code: str) -> None:
    assert code in Path(file).read_text(encoding="utf-8")


def test_versions_are_those_of_the_locks() -> None:
    ours = pins(Path("requirements_lock.txt").read_text(encoding="utf-8"))
    own = pins(Path("services/tests/own_resolve/requirements_lock.txt").read_text(encoding="utf-8"))
    told = {row[0]: row[3] for row in ROWS if row[0] in ("pandas", "fastapi", "pytest")}
    assert {name: ours[name] for name in ("pandas", "fastapi", "pytest")} == told
    text = DOCUMENT.read_text(encoding="utf-8")
    assert f"uvicorn {ours['uvicorn']}" in text
    assert f"pandas {own['pandas']} of `own_resolve`" in text


@pytest.mark.parametrize(
    "line",
    [
        "from utils import get_logger",
        "from utils.logging import get_logger, setup_logging",
        "from .utils.validation import RecordIn",
        "from ..utils import RecordOut",
    ],
)
def test_the_command_exchanges_imports_of_the_old_names(line: str) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    (expression,) = re.findall(r"xargs sed -Ei '([^']+)'", text)
    done = subprocess.run(
        ["sed", "-E", expression], input=line, capture_output=True, check=True, text=True
    )
    assert f"from libs.old_names import{line.partition('import')[2]}" == done.stdout
