"""A resolve of its own differs from the workspace's in what its requirements.in names, alone."""

import os
from pathlib import Path

from tools.requirements.lock import held, pins

SOURCE = Path(os.environ["SOURCE"]).read_text(encoding="utf-8")
LOCK = Path(os.environ["LOCK"]).read_text(encoding="utf-8")
HELD_BY = Path(os.environ["HELD_BY"]).read_text(encoding="utf-8")


def test_what_both_locks_pin_and_nobody_named_has_one_version() -> None:
    own = pins(LOCK)
    shared = {name: version for name, version in held(SOURCE, HELD_BY).items() if name in own}
    assert shared == {name: own[name] for name in shared}, (
        f"{os.environ['HELD_BY']} changed: bazel run {os.environ['TARGET']}"
    )
