"""A requirements_lock.txt agrees with its requirements.in, without asking the network."""

import os
from pathlib import Path

from packaging.utils import canonicalize_name

from tools.requirements.lock import input_digest, pins, recorded_digest, wanted

SOURCE = Path(os.environ["SOURCE"]).read_text(encoding="utf-8")
LOCK = Path(os.environ["LOCK"]).read_text(encoding="utf-8")


def test_lock_was_made_from_this_requirements_in() -> None:
    assert recorded_digest(LOCK) == input_digest(SOURCE), (
        f"{os.environ['SOURCE']} changed: bazel run {os.environ['TARGET']}"
    )


def test_lock_pins_every_direct_requirement() -> None:
    locked = pins(LOCK)
    assert wanted(SOURCE)
    for requirement in wanted(SOURCE):
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)])
