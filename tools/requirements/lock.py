"""What a hashed lock says of itself, and what one lock asks of another."""

import hashlib
import re
from collections.abc import Iterator

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

INPUT_DIGEST_PREFIX = "# requirements.in: sha256 "

_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)", re.MULTILINE)


def input_digest(requirements: str) -> str:
    """Return the SHA-256 of what a requirements.in asks for; comments and order don't count."""
    return hashlib.sha256("\n".join(sorted(_lines(requirements))).encode()).hexdigest()


def recorded_digest(lock: str) -> str | None:
    """Return the digest of the requirements.in that a lock was made from."""
    for line in lock.split("\n"):
        if line.startswith(INPUT_DIGEST_PREFIX):
            return line.removeprefix(INPUT_DIGEST_PREFIX)
    return None


def wanted(requirements: str) -> list[Requirement]:
    """Return what a requirements.in asks for."""
    return [Requirement(line) for line in _lines(requirements)]


def pins(lock: str) -> dict[str, str]:
    """Return the version of each package in a lock; names are as canonicalize_name gives them."""
    return {canonicalize_name(name): version for name, version in _PIN.findall(lock)}


def held(requirements: str, by: str) -> dict[str, str]:
    """Return the pins of the lock `by` that hold for a resolve of its own: of all that its
    requirements.in does not name.
    """
    named = {canonicalize_name(requirement.name) for requirement in wanted(requirements)}
    return {name: version for name, version in pins(by).items() if name not in named}


def _lines(requirements: str) -> Iterator[str]:
    lines = (line.partition("#")[0].strip() for line in requirements.split("\n"))
    return (line for line in lines if line)
