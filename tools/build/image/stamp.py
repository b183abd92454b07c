"""Writes lines with values of Bazel's workspace status in them, for stamp.bzl."""

import argparse
from pathlib import Path


def main() -> None:
    """Write the lines; a status key that is missing or empty gives the value's default."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--status", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--value", action="append", default=[], help="placeholder=key=default")
    parser.add_argument("--line", action="append", default=[])
    arguments = parser.parse_args()
    status = dict(
        line.split(" ", maxsplit=1)
        for line in arguments.status.read_text().splitlines()
        if " " in line
    )
    values = {
        placeholder: status.get(key, "").strip() or default
        for placeholder, key, default in (value.split("=", 2) for value in arguments.value)
    }
    arguments.output.write_text("".join(line.format(**values) + "\n" for line in arguments.line))


if __name__ == "__main__":
    main()
