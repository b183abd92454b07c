"""Compile Python modules to bytecode that is the same wherever and in whatever order it is made.

Usage: bytecode.py PARAMETERS, a file of lines SOURCE<tab>OUTPUT<tab>PATH-IN-THE-ZIP.

The files are hash-based and unchecked (PEP 552): no time is in them, and Python neither reads nor
stats the source to use them.
"""

import importlib.util
import marshal
import sys
from pathlib import Path
from types import CodeType
from typing import Any

PYTHON = (3, 13)
_UNCHECKED_HASH = (0b01).to_bytes(4, "little")
# Where Lambda unpacks a function: what stack traces say. Python corrects it if it is elsewhere.
_ROOT = "/var/task/"


def compiled(source: bytes, path: str) -> bytes | None:
    """Return the content of a `.pyc` file; None for a file that is no valid module.

    Packages hold templates and tests of syntax errors; that they cannot be compiled shows when they
    are imported, as it would without bytecode.
    """
    try:
        code = compile(source, _ROOT + path, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError):
        return None
    return b"".join(
        (
            importlib.util.MAGIC_NUMBER,
            _UNCHECKED_HASH,
            importlib.util.source_hash(source),
            marshal.dumps(_interned(code, {})),
        )
    )


def _interned(constant: Any, done: dict[int, tuple[Any, Any]]) -> Any:
    """Return a constant with all its texts interned.

    marshal writes a text that is interned in another way, and whether one is depends on what this
    process imported before. `done` keeps a constant that is there twice one object, which marshal
    writes once.
    """
    if isinstance(constant, str):
        return sys.intern(constant)
    if id(constant) in done:
        return done[id(constant)][1]
    result = constant
    match constant:
        case tuple():
            result = tuple(_interned(item, done) for item in constant)
        case frozenset():
            result = frozenset(_interned(item, done) for item in constant)
        case CodeType():
            constants = tuple(_interned(item, done) for item in constant.co_consts)
            result = constant.replace(co_consts=constants)
    # The constant itself as well, so that no other object gets its id meanwhile.
    done[id(constant)] = constant, result
    return result


def main(parameters: str) -> int:
    """Return 1 if this interpreter's bytecode is not that of the runtime."""
    if sys.version_info[:2] != PYTHON:
        print(f"bytecode is of Python {PYTHON}, this is {sys.version}", file=sys.stderr)
        return 1
    for line in Path(parameters).read_text(encoding="utf-8").splitlines():
        source, output, path = line.split("\t")
        content = compiled(Path(source).read_bytes(), path)
        # An empty file is no bytecode: Python goes on to the source.
        Path(output).write_bytes(content or b"")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
