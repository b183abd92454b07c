"""What `up` and `demo` print."""

from __future__ import annotations

import io

from tools.dev.output import COLOURS, LogPrinter, table


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    rows = [("name", "units"), ("mug", "5"), ("coffee", "1200")]
    assert table(rows, right=[1]).splitlines() == [
        "name    units",
        "------  -----",
        "mug         5",
        "coffee   1200",
    ]


def test_a_line_of_log_names_its_program() -> None:
    stream = io.StringIO()
    LogPrinter(["api", "processor"], stream)("api", "started")
    assert stream.getvalue() == "api       | started\n"


def test_only_a_terminal_gets_colours() -> None:
    terminal = Terminal()
    printer = LogPrinter(["api", "processor"], terminal)
    printer("api", "one")
    printer("processor", "two")
    one, two = terminal.getvalue().splitlines()
    assert one == "\033[36mapi       |\033[0m one"
    assert two == "\033[35mprocessor |\033[0m two"


def test_more_programs_than_colours_share_them() -> None:
    terminal = Terminal()
    names = [f"program-{number}" for number in range(len(COLOURS) + 1)]
    LogPrinter(names, terminal)(names[-1], "one")
    assert terminal.getvalue().startswith(f"\033[{COLOURS[0]}m{names[-1]} |")
