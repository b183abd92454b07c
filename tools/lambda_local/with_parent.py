"""Run a program that is told to end when the process that started this one is gone.

Usage: with_parent.py PROGRAM [ARGUMENT]...

However that process went, killed too, the program gets SIGTERM: prctl(2), PR_SET_PDEATHSIG, which
lasts through exec. This becomes the program; there is no process between the two.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(command: list[str]) -> None:
    """Become the program."""
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    # It went before it could be told.
    if os.getppid() != parent:
        sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - the caller's own program


if __name__ == "__main__":
    main(sys.argv[1:])
