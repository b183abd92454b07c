"""Services as processes of their own, as they run in production."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, Queue
from typing import Any

_START_SECONDS = 60


class Service:
    """A running service, and the lines that it logs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []
        self._queue: Queue[dict[str, Any]] = Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.url = ""

    def _read(self) -> None:
        for line in self.process.stdout or ():
            if line.endswith("\n"):  # a killed process may leave half a line
                self._queue.put(json.loads(line))

    def join(self) -> None:
        """Wait until the process, which is ending, has no more to say."""
        self.process.wait(timeout=_START_SECONDS)
        self._reader.join()

    def wait_for(self, event: str, seconds: float = _START_SECONDS) -> dict[str, Any]:
        """Return the next logged `event`, reading up to it."""
        while True:
            try:
                line = self._queue.get(timeout=seconds)
            except Empty:
                raise AssertionError(f"no {event} among {self.lines}") from None
            self.lines.append(line)
            if line["event"] == event:
                return line

    def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Signal the service and return its exit code and stderr."""
        self.process.send_signal(how)
        return self.end()

    def end(self) -> tuple[int, str]:
        """Return the exit code and stderr once the service ends by itself."""
        self.join()
        while not self._queue.empty():
            self.lines.append(self._queue.get())
        return self.process.returncode, self.process.stderr.read() if self.process.stderr else ""


def launch(app: str, **environment: str) -> subprocess.Popen[str]:
    """Start `app` as a service's own main does, with only this environment."""
    main = f"from libs.service_kit.server import serve; raise SystemExit(serve({app!r}, port=0))"
    base = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen(  # noqa: S603 - the test's own command
        [sys.executable, "-c", main],
        env=base | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def running(app: str, **environment: str) -> Iterator[Service]:
    """Run `app` on a free port while the context lasts."""
    with launch(app, **environment) as process:
        service = Service(process)
        try:
            service.url = f"http://127.0.0.1:{service.wait_for('listening')['port']}"
            yield service
        finally:
            process.kill()
            service.join()
