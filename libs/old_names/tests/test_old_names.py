"""The old names take the old calls, and are what the new names are."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from pydantic.warnings import PydanticDeprecatedSince20

from libs import old_names, service_kit
from libs.contracts import records
from libs.old_names import RecordIn, RecordOut, get_logger, setup_logging

SALE = {
    "record_id": "1",
    "source": "tills",
    "sku": "APPLE",
    "kind": "sale",
    "quantity": 2.5,
    "unit": "kg",
    "occurred_at": "2026-11-20T11:00:00+01:00",
}

PROGRAM = """
import logging
from libs.old_names import get_logger, setup_logging

setup_logging("INFO")
log = get_logger(__name__)
log.debug("detail")
log.info("stored %s of %d", "half", 2)
log.warning("slow", seconds=3)
logging.getLogger("theirs").warning("stored %s", "all")
try:
    raise KeyError("sku")
except KeyError:
    log.exception("failed")
"""


@pytest.fixture
def untouched() -> Iterator[None]:
    """Logging as it is when a program begins; put back as it was."""
    root = logging.getLogger()
    before = root.handlers, root.level
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()
    root.handlers, root.level = before


def test_a_program_of_the_old_kind_logs_json_lines(tmp_path: Path) -> None:
    program = tmp_path / "nightly.py"
    program.write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, program],
        env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        check=True,
        text=True,
    )
    assert "" == done.stderr
    stored, slow, theirs, failed = [json.loads(line) for line in done.stdout.splitlines()]
    assert ("stored half of 2", "info") == (stored["event"], stored["level"])
    assert ("__main__", "nightly") == (stored["module"], stored["service"])
    assert ("slow", "warning", 3) == (slow["event"], slow["level"], slow["seconds"])
    assert ("stored all", "theirs") == (theirs["event"], theirs["logger"])
    assert "KeyError" == failed["exception"][0]["exc_type"]


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    ("call", "level"),
    [
        (lambda: setup_logging(), logging.INFO),
        (lambda: setup_logging("DEBUG"), logging.DEBUG),
        (lambda: setup_logging("warning"), logging.WARNING),
        (lambda: setup_logging(level="ERROR"), logging.ERROR),
        (lambda: setup_logging(logging.WARNING), logging.WARNING),
        (lambda: setup_logging(level=logging.DEBUG, service="nightly"), logging.DEBUG),
    ],
)
def test_levels_are_taken_as_names_and_numbers(call: Callable[[], None], level: int) -> None:
    call()
    assert level == logging.getLogger().level
    assert level == get_logger(__name__).get_effective_level()


@pytest.mark.usefixtures("untouched")
def test_logging_that_the_server_set_up_stays(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    service_kit.setup_logging(service="data_processor", level="warning")
    setup_logging("DEBUG", service="other")
    get_logger("module").info("detail")
    get_logger("module").warning("slow")
    (line,) = capfdbinary.readouterr().out.splitlines()
    assert "data_processor" == json.loads(line)["service"]


@pytest.mark.parametrize("level", ["LOUD", "", 15])
def test_an_unknown_level_is_refused_with_those_that_there_are(level: int | str) -> None:
    with pytest.raises(ValueError, match=r"it takes a number or one of: .*WARNING"):
        setup_logging(level)


def test_records_are_those_of_the_contract() -> None:
    assert records.RecordIn is RecordIn
    assert records.RecordOut is RecordOut
    cleaned = RecordOut(**{**SALE, "occurred_at": datetime(2026, 11, 20, 10, tzinfo=UTC)})
    assert "2026-11-20T10:00:00Z" == cleaned.model_dump(mode="json")["occurred_at"]


def test_methods_of_the_first_pydantic_answer_and_name_their_heirs() -> None:
    with pytest.warns(PydanticDeprecatedSince20, match="model_validate"):
        sale = RecordIn.parse_obj(SALE)
    with pytest.warns(PydanticDeprecatedSince20, match="model_dump"):
        assert sale.model_dump() == sale.dict()
    with pytest.warns(PydanticDeprecatedSince20, match="model_dump_json"):
        assert sale.model_dump_json() == sale.json()


def test_no_other_name_has_been_kept() -> None:
    assert ["RecordIn", "RecordOut", "get_logger", "setup_logging"] == old_names.__all__
