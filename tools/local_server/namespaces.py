"""Namespaces of the kernel, for servers that refuse root or leave things behind when killed."""

from __future__ import annotations

import ctypes
import os
import pwd
import tempfile
from pathlib import Path

__all__ = ["become_a_user", "contain_children"]

_USER = 1000
_ACCOUNTS = "/etc/passwd"
_MS_BIND = 0x1000  # <sys/mount.h>

_libc = ctypes.CDLL(None, use_errno=True)


def become_a_user() -> None:
    """Let this process and its children see themselves as a user with a name, who is not root.

    Their files stay the caller's. Unlike setuid(2) it works in a sandbox, where no other user
    exists, and it needs no right for another to read the caller's files. It comes before any
    thread.

    Raises:
        OSError: the kernel does not let this user do so.
    """
    user, group = os.geteuid(), os.getegid()
    seen_as = user or _USER
    os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNS)
    # A process may write its own group map only after giving up setgroups(2).
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{seen_as} {user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
    try:
        pwd.getpwuid(seen_as)
    except KeyError:
        _name(seen_as, group)


def contain_children() -> None:
    """Let the next child be the first process of a namespace, with shared memory of its own.

    When it ends, the kernel ends every process that it started and frees what they shared. This
    process can then start no thread, and no child after that one. It needs `become_a_user`.

    Raises:
        OSError: the kernel does not let this user do so.
    """
    os.unshare(os.CLONE_NEWPID | os.CLONE_NEWIPC)


def _name(user: int, group: int) -> None:
    """Give a user a name, for this process and its children only: programs look their own up."""
    with tempfile.NamedTemporaryFile("w", encoding="ascii") as accounts:
        accounts.write(f"user:x:{user}:{group}::/:/bin/sh\n")
        accounts.flush()
        Path(accounts.name).chmod(0o644)
        # It lasts as long as the namespace does, though the file's own name goes at once.
        arguments = (accounts.name.encode(), _ACCOUNTS.encode(), None, _MS_BIND, None)
        if _libc.mount(*arguments) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), _ACCOUNTS)
