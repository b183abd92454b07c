"""Files being worked on: few at once, each on disk, in a thread that can be stopped."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from threading import BoundedSemaphore
from typing import IO

from libs.service_kit import ProblemError
from libs.service_kit.problems import OVERLOADED
from services.data_processor.conversion import Conversion, Converted, convert


class Files:
    """Room for files, in one process."""

    def __init__(self, *, most: int, folder: Path | None) -> None:
        self._most = most
        self._folder = folder
        self._room = BoundedSemaphore(most)
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="file")

    def new_file(self) -> IO[bytes]:
        """Return an empty file without a name, which ends with the process at the latest."""
        return TemporaryFile(dir=self._folder, buffering=256 * 1024)

    @contextmanager
    def room(self) -> Iterator["Room"]:
        """Yield room for one file. Raise ProblemError when there is none."""
        if not self._room.acquire(blocking=False):
            raise ProblemError(
                OVERLOADED,
                f"{self._most} files are being worked on; repeat the request later",
                headers={"Retry-After": "5", "Connection": "close"},
            )
        room = Room(self._threads, self._room.release)
        try:
            yield room
        finally:
            room.leave()

    def close(self) -> None:
        """End the threads; what they do is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class Room:
    """Room for one file, held until its thread has ended, even if nobody waits for it."""

    def __init__(self, threads: ThreadPoolExecutor, release: Callable[[], None]) -> None:
        self._threads = threads
        self._release = release
        self._working: Future[Converted] | None = None

    async def convert(self, work: Conversion) -> Converted:
        """Carry out a conversion; when this is cancelled, it stops before its next chunk."""
        self._working = self._threads.submit(convert, work)
        try:
            return await asyncio.wrap_future(self._working)
        except asyncio.CancelledError:
            work.stop.set()
            raise

    def leave(self) -> None:
        """Give the room back once nothing works in it."""
        if self._working is None:
            self._release()
        else:
            self._working.add_done_callback(lambda _: self._release())


async def pieces_of(file: IO[bytes], size: int = 256 * 1024) -> AsyncIterator[bytes]:
    """Yield a file bit by bit, and close it."""
    with file:
        while piece := await asyncio.to_thread(file.read, size):
            yield piece
