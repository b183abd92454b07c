"""Children are shown, watched and ended."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from tools.dev import processes
from tools.dev.errors import DevError
from tools.dev.processes import KEPT_LINES, Process

Lines = list[tuple[str, str]]


async def start(lines: Lines, program: str) -> Process:
    return await Process.start(
        "child",
        [sys.executable, "-u", "-c", program],
        dict(os.environ),
        lambda name, line: lines.append((name, line)),
    )


def is_running(pid: int) -> bool:
    """Tell whether a process exists and is no zombie, which nobody may be left to collect."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


async def gone(pid: int) -> None:
    async with asyncio.timeout(10):
        while is_running(pid):  # noqa: ASYNC110 - another process has no event to await
            await asyncio.sleep(0.02)


async def test_both_streams_are_shown_with_the_name() -> None:
    lines: Lines = []
    child = await start(lines, "import sys; print('out'); print('err', file=sys.stderr)")
    assert await child.ended() == 0
    assert sorted(lines) == [("child", "err"), ("child", "out")]


async def test_the_last_lines_are_kept() -> None:
    child = await start([], "for n in range(100): print(n)")
    await child.ended()
    assert list(child.last_lines) == [str(n) for n in range(100 - KEPT_LINES, 100)]


async def test_a_line_can_be_waited_for() -> None:
    child = await start([], "print('listening 8080'); input()")
    assert await asyncio.wait_for(child.said(r"^listening (\d+)$"), 10) == "8080"
    await child.stop()


async def test_a_line_that_came_before_it_was_waited_for_counts() -> None:
    child = await start([], "print('listening 8080'); print('more x'); input()")
    listens = child.said(r"^listening (\d+)$")
    await asyncio.wait_for(child.said(r"more (x)"), 10)
    assert listens.result() == "8080"
    await child.stop()


async def test_a_line_without_end_does_not_stop_the_reader() -> None:
    lines: Lines = []
    child = await start(lines, "print('x' * 3_000_000); print('after')")
    await asyncio.wait_for(child.ended(), 10)
    assert lines[-1] == ("child", "after")


async def test_stopping_is_asked_for_first() -> None:
    program = "import signal, sys\n"
    program += "signal.signal(signal.SIGTERM, lambda *_: (print('bye'), sys.exit(3)))\n"
    program += "print('ready x'); signal.pause(); signal.pause()"
    lines: Lines = []
    child = await start(lines, program)
    await child.said(r"ready (x)")
    await child.stop()
    assert child.has_ended
    assert lines[-1] == ("child", "bye")


async def test_who_does_not_stop_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "STOP_TIMEOUT_SECONDS", 0.2)
    program = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    program += "print('ready x')\nwhile True: signal.pause()"
    child = await start([], program)
    await child.said(r"ready (x)")
    await child.stop()
    assert await child.ended() == -signal.SIGKILL


async def test_a_killed_parent_takes_its_children_along() -> None:
    """No `finally` runs on SIGKILL; the kernel tells the child."""
    program = (
        "import asyncio, os, sys\n"
        "from tools.dev.processes import Process\n"
        "async def main():\n"
        "    child = await Process.start('c', ['sleep', '60'], dict(os.environ), print)\n"
        "    print('pid', child.pid)\n"
        "    await child.ended()\n"
        "asyncio.run(main())\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    parent = await Process.start(
        "parent", [sys.executable, "-u", "-c", program], environment, lambda *_: None
    )
    grandchild = int(await asyncio.wait_for(parent.said(r"pid (\d+)"), 10))
    assert is_running(grandchild)
    await parent.kill()
    await gone(grandchild)


async def test_a_missing_program_is_named() -> None:
    with pytest.raises(DevError, match=r"child cannot be run: /no/such: No such file"):
        await Process.start("child", ["/no/such"], {}, lambda *_: None)
