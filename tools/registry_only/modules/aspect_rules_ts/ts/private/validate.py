"""Compare a ts_project's attributes with its tsconfig.json.

Usage:
    validate.py TARGET TSCONFIG MARKER NAME=true|false...

The attributes say which files the compiler will write, so they have to say what the tsconfig says.
MARKER is a file to write if they do.
"""

import json
import sys
from pathlib import Path
from typing import Any

# Options that add, drop or move output files, and that the stand-in does not know as attributes.
UNKNOWN = (
    "allowJs",
    "composite",
    "declarationDir",
    "declarationMap",
    "emitDeclarationOnly",
    "incremental",
    "jsx",
    "noEmit",
    "outDir",
    "outFile",
    "rootDir",
    "tsBuildInfoFile",
)


class ConfigError(Exception):
    """A tsconfig.json that cannot be read."""


def options(path: Path) -> dict[str, Any]:
    """Return the compilerOptions of a tsconfig.json and of those that it extends.

    Raises:
        ConfigError: a file is missing, or is not plain JSON.
    """
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path} is missing: is it in the deps of the ts_config?") from None
    except ValueError as error:
        raise ConfigError(f"{path}: the stand-in reads JSON without comments: {error}") from error
    extended = config.get("extends", [])
    inherited: dict[str, Any] = {}
    for name in [extended] if isinstance(extended, str) else extended:
        if not name.startswith("."):
            raise ConfigError(f"{path} extends {name}: the stand-in follows relative paths only")
        inherited |= options(path.parent / name)
    own: dict[str, Any] = config.get("compilerOptions", {})
    return inherited | own


def differences(found: dict[str, Any], attributes: dict[str, bool]) -> list[str]:
    """Say which attributes differ from the options, and which options have no attribute."""
    return [
        f"{name} is {json.dumps(found.get(name, False))} in the tsconfig and "
        f"{json.dumps(wanted)} here"
        for name, wanted in attributes.items()
        if found.get(name, False) is not wanted
    ] + [
        f"{name} is {json.dumps(found[name])} in the tsconfig, which the stand-in does not know"
        for name in UNKNOWN
        if found.get(name)
    ]


def main(target: str, tsconfig: str, marker: str, *attributes: str) -> None:
    """Check one target."""
    given = {
        name: value == "true" for name, _, value in (item.partition("=") for item in attributes)
    }
    try:
        wrong = differences(options(Path(tsconfig)), given)
    except ConfigError as error:
        sys.exit(f"{target}: {error}")
    if wrong:
        sys.exit("\n".join(f"{target}: {reason}" for reason in wrong))
    Path(marker).touch()


if __name__ == "__main__":
    main(*sys.argv[1:])
