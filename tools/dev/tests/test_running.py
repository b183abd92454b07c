"""A program is found by what `up` wrote down, and no other process is ever signalled."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tools.dev.errors import DevError
from tools.dev.running import PROGRAMS, Program, kill_program, write_programs
from tools.dev.state import State

ADDRESS = "http://127.0.0.1:8081"


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def test_the_program_is_killed(child: subprocess.Popen[bytes], tmp_path: Path) -> None:
    write_programs(tmp_path, {"stock": Program.of(child.pid, ADDRESS)})
    assert kill_program(tmp_path, "stock", address=ADDRESS) == child.pid
    assert child.wait(10) == -signal.SIGKILL
    with pytest.raises(DevError, match=rf"process {child.pid} of stock: No such process"):
        kill_program(tmp_path, "stock", address=ADDRESS)


def test_another_process_with_its_number_is_spared(
    child: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    stale = replace(Program.of(child.pid, ADDRESS), started="1")
    write_programs(tmp_path, {"stock": stale})
    with pytest.raises(DevError, match=rf"process {child.pid} is not stock any more"):
        kill_program(tmp_path, "stock", address=ADDRESS)
    assert child.poll() is None


def test_the_program_of_another_stack_is_spared(
    child: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    write_programs(tmp_path, {"stock": Program.of(child.pid, ADDRESS)})
    with pytest.raises(DevError, match=r"runs stock at http://127\.0\.0\.1:8081, not at other"):
        kill_program(tmp_path, "stock", address="other")
    assert child.poll() is None


def test_a_folder_without_an_up_says_so(tmp_path: Path) -> None:
    with pytest.raises(DevError, match="no `up` runs with the state folder"):
        kill_program(tmp_path, "stock", address=ADDRESS)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"stock": {}}', '{"stock": 1}'])
def test_a_file_that_tells_nothing_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / PROGRAMS).write_text(text)
    with pytest.raises(DevError, match=r"programs\.json does not tell of stock"):
        kill_program(tmp_path, "stock", address=ADDRESS)


def test_an_up_writes_its_programs_down_until_it_ends(tmp_path: Path) -> None:
    (tmp_path / PROGRAMS).write_text('{"stock": "left by an up that was killed"}')
    state = State(tmp_path)
    assert not (tmp_path / PROGRAMS).exists()
    state.note_program("stock", pid=os.getpid(), address=ADDRESS)
    state.note_program("orders", pid=1, address="a")
    state.note_program("orders", pid=os.getpid(), address="b")
    written = json.loads((tmp_path / PROGRAMS).read_text())
    assert {name: (p["pid"], p["address"]) for name, p in written.items()} == {
        "stock": (os.getpid(), ADDRESS),
        "orders": (os.getpid(), "b"),
    }
    state.close()
    assert not (tmp_path / PROGRAMS).exists()
