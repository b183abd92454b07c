"""requirements_lock.txt agrees with requirements.in, without asking the network."""

from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.requirements.lock import input_digest, pins, recorded_digest

SOURCE = Path("requirements.in").read_text(encoding="utf-8")
LOCK = Path("requirements_lock.txt").read_text(encoding="utf-8")


def test_lock_was_made_from_this_requirements_in() -> None:
    assert recorded_digest(LOCK) == input_digest(SOURCE), (
        "requirements.in changed: bazel run //:requirements.update"
    )


def test_lock_pins_every_direct_requirement() -> None:
    locked = {canonicalize_name(name): version for name, version in pins(LOCK).items()}
    wanted = [Requirement(line) for line in SOURCE.split("\n") if line and line[0] != "#"]
    assert wanted
    for requirement in wanted:
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)])


@pytest.mark.parametrize("change", ["\nflask", "\npandas<3"])
def test_another_requirement_changes_the_digest(change: str) -> None:
    assert input_digest(SOURCE + change) != input_digest(SOURCE)


def test_comments_and_order_do_not_change_the_digest() -> None:
    assert input_digest("# new\nb\na  # why") == input_digest("a\n\nb")


def test_lock_without_a_record_has_no_digest() -> None:
    assert recorded_digest("fastapi==1.0") is None
