"""What locks and requirements say."""

import pytest

from tools.requirements.lock import held, input_digest, pins, recorded_digest, wanted

SOURCE = """\
# Services
fastapi
uvicorn[standard]>=0.50  # with its extras
"""


@pytest.mark.parametrize("change", ["\nflask", "\npandas<3"])
def test_another_requirement_changes_the_digest(change: str) -> None:
    assert input_digest(SOURCE + change) != input_digest(SOURCE)


def test_comments_and_order_do_not_change_the_digest() -> None:
    assert input_digest("# new\nb\na  # why") == input_digest("a\n\nb")


def test_lock_without_a_record_has_no_digest() -> None:
    assert recorded_digest("fastapi==1.0") is None


def test_comments_are_not_asked_for() -> None:
    assert ["fastapi", "uvicorn[standard]>=0.50"] == [str(one) for one in wanted(SOURCE)]


def test_extras_and_markers_belong_to_no_version() -> None:
    lock = "Uvicorn[standard]==0.54.0 \\\n    --hash=x\ntzdata==2026.6 ; os_name == 'nt'\n"
    assert {"uvicorn": "0.54.0", "tzdata": "2026.6"} == pins(lock)


def test_another_lock_holds_what_is_not_named() -> None:
    lock = "numpy==2.5.5\npandas==3.1.1\npython-dateutil==2.9.0\n"
    assert {"numpy": "2.5.5", "python-dateutil": "2.9.0"} == held("Pandas<3\n", by=lock)
    assert {"pandas": "3.1.1"} == held("numpy\npython_dateutil\n", by=lock)
