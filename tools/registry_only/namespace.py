"""Enter a root filesystem by a mount namespace and pivot_root(2).

Bazel's linux-sandbox works inside a namespace entered this way; inside chroot(2) it does not.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterable
from pathlib import Path

from bazel_launcher.errors import LauncherError

# <sched.h>, <sys/mount.h>
CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MNT_DETACH = 2
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}

# Folders that the root filesystem has of its own; every other one at the top is the host's.
OWN_FOLDERS = {"bin", "boot", "etc", "lib", "lib32", "lib64", "libx32", "lost+found", "run"}
OWN_FOLDERS |= {"sbin", "usr", "var"}

# The host's, because they say how it reaches the network and whom it trusts.
HOST_SETTINGS = ("etc/hosts", "etc/resolv.conf", "etc/ssl")

# Where a program inside finds the host's own, such as its container engine.
HOST_ROOT = "run/host"

_libc = ctypes.CDLL(None, use_errno=True)


def enter(root: Path, *, kept: Iterable[Path]) -> None:
    """Make `root` this process's root folder; the working folder and `kept` stay where they are.

    Args:
        root: the root filesystem; it gets empty folders where the host's are mounted.
        kept: folders to see at their own path even if they lie in one of `OWN_FOLDERS`.

    Raises:
        LauncherError: the kernel does not let this user do it.
    """
    working_folder = Path.cwd()
    _unshare()
    _mount(None, "/", MS_REC | MS_PRIVATE)
    _mount(root, root, MS_BIND | MS_REC)
    for source in _from_host(kept):
        _bind(source, root / source.relative_to("/"))
    _bind(Path("/"), root / HOST_ROOT)
    os.chdir(root)
    # Both paths the same: the old root lands on top of the new one and is then let go,
    # so that no folder for it is needed (pivot_root(2), notes).
    _call("pivot_root", _libc.syscall, SYS_PIVOT_ROOT[os.uname().machine], b".", b".")
    _call("umount", _libc.umount2, b".", MNT_DETACH)
    try:
        os.chdir(working_folder)
    except OSError:
        os.chdir("/")


def _unshare() -> None:
    user, group = os.geteuid(), os.getegid()
    flags = CLONE_NEWNS if user == 0 else CLONE_NEWNS | CLONE_NEWUSER
    if _libc.unshare(flags) != 0:
        reason = os.strerror(ctypes.get_errno())
        raise LauncherError(
            f"this user may not make a mount namespace ({reason}): allow unprivileged user "
            "namespaces, run as root, or set GRANARY_BAZEL=registry"
        )
    if user != 0:
        # A process may write its own group map only after giving up setgroups(2).
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1", encoding="ascii")


def _from_host(kept: Iterable[Path]) -> list[Path]:
    folders = [p for p in Path("/").iterdir() if p.name not in OWN_FOLDERS and not p.is_symlink()]
    sources = [p for p in sorted(folders) if p.is_dir()]
    sources += [Path("/", name) for name in HOST_SETTINGS if Path("/", name).exists()]
    sources += [p for p in kept if p.parts[1] in OWN_FOLDERS]
    return sources


def _bind(source: Path, target: Path) -> None:
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    elif not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    _mount(source, target, MS_BIND | MS_REC)


def _mount(source: Path | None, target: Path | str, flags: int) -> None:
    encoded = None if source is None else os.fsencode(source)
    _call(f"mount on {target}", _libc.mount, encoded, os.fsencode(target), None, flags, None)


def _call(what: str, function: ctypes._NamedFuncPointer, *arguments: object) -> None:
    if function(*arguments) != 0:
        number = ctypes.get_errno()
        hint = ": stop the other Bazel servers" if number == errno.EBUSY else ""
        raise LauncherError(f"{what} failed ({os.strerror(number)}){hint}")
