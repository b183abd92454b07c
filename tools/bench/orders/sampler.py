"""Samples where a process spends its CPU time, and nothing else: waiting is not sampled.

A timer of the process's CPU clock (setitimer's ITIMER_PROF) interrupts it, and the stack of the
main thread is noted; threads are not told apart. Linux looks at such timers once a tick, 250 times
a second of CPU time on most machines, so the cost is small and the figures are good for shares.

Python runs a signal's handler between bytecodes. What C code did before a function is entered would
be charged to that function; a stack whose innermost frame was only just entered is therefore
charged to its caller, which for callbacks is the event loop.
"""

import dis
import functools
import json
import signal
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType

_SECONDS = 0.001
"""Below every kernel's tick."""

type _Stack = tuple[CodeType, ...]


class Sampler:
    """Collects stacks between `start` and `stop`."""

    def __init__(self) -> None:
        self._stacks: Counter[_Stack] = Counter()

    def start(self) -> None:
        """Begin to sample; call it in the main thread."""
        signal.signal(signal.SIGPROF, self._sample)
        # A system call that was interrupted goes on by itself.
        signal.siginterrupt(signal.SIGPROF, False)
        signal.setitimer(signal.ITIMER_PROF, _SECONDS, _SECONDS)

    def stop(self) -> None:
        """End sampling."""
        signal.setitimer(signal.ITIMER_PROF, 0)

    def write(self, path: Path) -> None:
        """Write a JSON list of [samples, [[file, function], ...]], outermost frame first."""
        stacks = [
            (count, [(code.co_filename, code.co_qualname) for code in reversed(stack)])
            for stack, count in self._stacks.most_common()
        ]
        path.write_text(json.dumps(stacks), encoding="utf-8")

    def _sample(self, _: int, frame: FrameType | None) -> None:
        while frame and frame.f_lasti in _entries(frame.f_code):
            frame = frame.f_back
        stack = []
        while frame:
            stack.append(frame.f_code)
            frame = frame.f_back
        self._stacks[tuple(stack)] += 1


@functools.cache
def _entries(code: CodeType) -> frozenset[int]:
    """Return the offsets at which a function is entered, or a coroutine goes on."""
    return frozenset(
        instruction.offset
        for instruction in dis.get_instructions(code)
        if instruction.opname == "RESUME"
    )
