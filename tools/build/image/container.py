"""Runs an unpacked image in Linux namespaces, without root and without a container engine.

The program sees the image as its root, read-only but for a fresh /tmp, runs as the image's user
with no capabilities, and cannot see the processes outside. The network is the caller's: in Bazel's
sandbox that is loopback only. One user is all that an unprivileged process may map, so on disk the
files belong to the image's user too; that they are read-only comes from the mount, and who may
write what by the image's own modes is for findings.py to say.
"""

import ctypes
import errno
import os
import platform
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REMOUNT = 1, 2, 4, 8, 32
_MS_NOATIME, _MS_NODIRATIME, _MS_BIND, _MS_REC, _MS_PRIVATE, _MS_RELATIME = (
    1024,
    2048,
    4096,
    16384,
    1 << 18,
    1 << 21,
)
_MNT_DETACH = 2
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_DEVICES = ("null", "zero", "random", "urandom")

_libc = ctypes.CDLL(None, use_errno=True)


class ContainerError(Exception):
    """The namespaces cannot be made here; the message says which step the kernel refused."""


class Container:
    """A running program. Use as a context manager: leaving it kills what still runs."""

    def __init__(
        self,
        root: Path,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        workdir: str,
        user: int,
        log: Path,
    ) -> None:
        """Start `command` in the unpacked image `root`; its output goes to the file `log`."""
        self.log = log
        reader, writer = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(reader)
            _supervise(root, command, dict(env), workdir, user, log, writer)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            # Closed without a word by execve(), so that silence means that the program started.
            problem = pipe.read()
        self._status: int | None = None
        if problem:
            self.wait(5)
            raise ContainerError(problem)

    def __enter__(self) -> "Container":
        return self

    def __exit__(self, *exc: object) -> None:
        if self.poll() is None:
            os.kill(self._pid, signal.SIGKILL)
            self.wait(5)

    def poll(self) -> int | None:
        """The exit status as a shell has it (128 + the signal), or None while it runs."""
        if self._status is None:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                self._status = _exit_status(status)
        return self._status

    def wait(self, seconds: float) -> int | None:
        """Wait for the end; None if the time is over before."""
        deadline = time.monotonic() + seconds
        while self.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        return self._status

    def terminate(self) -> None:
        """Send SIGTERM, as an orchestrator does."""
        os.kill(self._pid, signal.SIGTERM)


def _exit_status(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _supervise(
    root: Path,
    command: Sequence[str],
    env: dict[str, str],
    workdir: str,
    user: int,
    log: Path,
    problems: int,
) -> NoReturn:
    """In the first child: make the namespaces, start the program in them, wait for it."""
    try:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        _unshare(user)
        pid = os.fork()
        if pid == 0:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            _enter(root)
            os.chdir(workdir)
            os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
            os.dup2(output, 1)
            os.dup2(output, 2)
            _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            # Python ignores these two, and what is ignored stays so in the new program.
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            os.execve(command[0], list(command), env)  # noqa: S606 - there is no shell in there
        os.close(problems)
        signal.signal(signal.SIGTERM, lambda *_: os.kill(pid, signal.SIGTERM))
        os._exit(_exit_status(os.waitpid(pid, 0)[1]))
    except BaseException as error:
        # A fork of a test must never return into it.
        os.write(problems, f"{type(error).__name__}: {error}".encode())
        os._exit(126)


def _unshare(user: int) -> None:
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    try:
        os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNS | os.CLONE_NEWPID)
    except OSError as error:
        raise ContainerError(f"user namespaces are not to be had here: {error}") from error
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {outer_uid} 1")
    Path("/proc/self/gid_map").write_text(f"{user} {outer_gid} 1")


def _enter(root: Path) -> None:
    """Make `root` the root folder of this process' mount namespace."""
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    _mount(str(root), str(root), None, _MS_BIND | _MS_REC)
    os.chdir(root)
    _mount("tmpfs", "tmp", "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=1777")
    _mount("tmpfs", "dev", "tmpfs", _MS_NOSUID, "mode=0755")
    for device in _DEVICES:
        Path("dev", device).touch()
        _mount(f"/dev/{device}", f"dev/{device}", None, _MS_BIND)
    try:
        _mount("proc", "proc", "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
    except OSError as error:
        # Refused where parts of the outer /proc are hidden; the program then has none.
        if error.errno != errno.EPERM:
            raise
    _mount("none", ".", None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _locked_flags(root))
    _check(_libc.syscall(_PIVOT_ROOT[platform.machine()], b".", b"."), "pivot_root")
    _check(_libc.umount2(b".", _MNT_DETACH), "umount of the outer root")
    os.chdir("/")


def _locked_flags(path: Path) -> int:
    # A remount in a user namespace may not clear these.
    flags = os.statvfs(path).f_flag
    pairs = {
        os.ST_NOSUID: _MS_NOSUID,
        os.ST_NODEV: _MS_NODEV,
        os.ST_NOEXEC: _MS_NOEXEC,
        os.ST_NOATIME: _MS_NOATIME,
        os.ST_NODIRATIME: _MS_NODIRATIME,
        os.ST_RELATIME: _MS_RELATIME,
    }
    return sum(mount for bit, mount in pairs.items() if flags & bit)


def _mount(source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
    result = _libc.mount(
        source.encode(), target.encode(), kind.encode() if kind else None, flags, data.encode()
    )
    _check(result, f"mount of {source} on {target}")


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


if sys.platform != "linux":
    raise ImportError("namespaces are Linux's")
