"""What requirements_lock.txt says of itself."""

import hashlib
import re

INPUT_DIGEST_PREFIX = "# requirements.in: sha256 "

_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)", re.MULTILINE)


def input_digest(requirements: str) -> str:
    """Return the SHA-256 of what a requirements.in asks for; comments and order don't count."""
    lines = (line.partition("#")[0].strip() for line in requirements.split("\n"))
    wanted = sorted(line for line in lines if line)
    return hashlib.sha256("\n".join(wanted).encode()).hexdigest()


def recorded_digest(lock: str) -> str | None:
    """Return the digest of the requirements.in that a lock was made from."""
    for line in lock.split("\n"):
        if line.startswith(INPUT_DIGEST_PREFIX):
            return line.removeprefix(INPUT_DIGEST_PREFIX)
    return None


def pins(lock: str) -> dict[str, str]:
    """Return the version of each package in a lock."""
    return dict(_PIN.findall(lock))
