"""What `up` prints: log lines with their program's name, and one table of addresses."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence
from typing import TextIO

# ANSI colours that can be read on light and dark grounds.
COLOURS = (36, 35, 33, 32, 34, 96, 95)


class LogPrinter:
    """Prints lines with the name of the program that wrote them, in its colour on a terminal."""

    def __init__(self, names: Sequence[str], stream: TextIO = sys.stdout) -> None:
        self._stream = stream
        self._width = max(map(len, names))
        colours = itertools.cycle(COLOURS)
        self._colours = dict(zip(names, colours, strict=False)) if stream.isatty() else {}

    def __call__(self, name: str, line: str) -> None:
        """Print one line."""
        prefix = f"{name:<{self._width}} |"
        if name in self._colours:
            prefix = f"\033[{self._colours[name]}m{prefix}\033[0m"
        print(prefix, line, file=self._stream, flush=True)


def table(rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Return rows of text as aligned columns, the first row being the head.

    Args:
        rows: all of one length.
        right: the columns that are aligned to the right.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rule = ["-" * width for width in widths]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (rows[0], rule, *rows[1:])
    )
