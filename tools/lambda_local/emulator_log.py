"""What the emulator says of an invocation, out of its two streams.

The function's own lines come on both, as its process wrote them; the emulator adds START, END and
REPORT to stdout, as Lambda's log has them, and speaks of itself on stderr.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_ABOUT_ITSELF = re.compile(r"\d\d \w{3} \d{4} [\d:,]+ \[[A-Z]+\] \(rapid\) (.*)")
_INIT = re.compile(r"INIT REPORT\(durationMs: ([\d.]+)\)")
_DONE = re.compile(r"INVOKE RTDONE\(.*duration: ([\d.]+)ms\)")
_HANDLER_FAILED = re.compile(r"API request - POST /2018-06-01/runtime/invocation/[^/]+/error")
_REPORT = "REPORT RequestId: "
# The process is gone, or is being killed.
_RESET = "Reset initiated: "


@dataclass
class EmulatorLog:
    """Gathers lines; `take` hands out what has come since the last invocation."""

    lines: list[str] = field(default_factory=list)
    init_ms: float | None = None
    duration_ms: float | None = None
    handler_failed: bool = False
    reported: bool = False
    reset: bool = False
    about_itself: list[str] = field(default_factory=list)

    def begin(self) -> None:
        """Forget what was said of the invocation before; lines not yet taken stay."""
        self.init_ms = self.duration_ms = None
        self.handler_failed = self.reported = self.reset = False
        self.about_itself.clear()

    def stdout(self, line: str) -> None:
        """Take a line of the function, or START, END and REPORT."""
        self.lines.append(line)
        self.reported |= line.startswith(_REPORT)

    def stderr(self, line: str) -> None:
        """Take a line of the function, or what the emulator says of itself."""
        match = _ABOUT_ITSELF.match(line)
        if match is None:
            self.lines.append(line)
            return
        said = match.group(1)
        self.about_itself.append(said)
        if init := _INIT.match(said):
            self.init_ms = (self.init_ms or 0) + float(init.group(1))
        elif done := _DONE.match(said):
            self.duration_ms = float(done.group(1))
        elif _HANDLER_FAILED.match(said):
            self.handler_failed = True
        elif said.startswith(_RESET):
            self.reset = True

    def is_complete(self, *, failed: bool) -> bool:
        """Whether both streams have said all of the invocation.

        They are two pipes: what came first on one may be read last. Of an invocation that `failed`
        with the process there is no REPORT.
        """
        ended = self.reset or self.duration_ms is not None
        return ended and (self.reported or failed)

    def take(self) -> str:
        """Return the lines since the last time, as one text."""
        text = "".join(self.lines)
        self.lines.clear()
        return text
