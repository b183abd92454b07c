"""Values of the secrets that jobs name: read from their files when they are used, never kept."""

from base64 import b64decode
from pathlib import Path

from services.collector.jobs import JsonObject, SourceType
from services.collector.sites import Sites
from services.collector.sources.base import SourceError
from services.collector.triggers import ApiConfig, DatabaseConfig, parse_config

_FEWEST = 8
"""Redaction of a shorter one would leave holes in words that have nothing to do with it."""
_MOST = 5_000


def read_secret(name: str, file: Path) -> str:
    """Return the value in a secret's file, without the line's end.

    Raises:
        SourceError: `secret-unavailable`, as long as the file is missing, empty or no such text.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(_MOST + 10)
        value = content.decode("ascii").rstrip("\r\n")
    except OSError as error:
        raise _unavailable(name, error.strerror or "cannot be read") from None
    except UnicodeDecodeError:
        raise _unavailable(name, "is not ASCII text") from None
    if not value.isprintable() or not _FEWEST <= len(value.strip()) <= len(value) <= _MOST:
        raise _unavailable(name, f"is not one line of {_FEWEST} to {_MOST} printable characters")
    return value


def _unavailable(name: str, reason: str) -> SourceError:
    return SourceError(
        "secret-unavailable", f"the file of {name!r} at this site: {reason}", permanent=False
    )


def secrets_of(source_type: SourceType, config: JsonObject, sites: Sites) -> list[str]:
    """Return each text that must not appear in what a job writes; the longest first.

    Raises:
        SourceError: a secret cannot be read.
    """
    parsed = parse_config(source_type, config)
    found: set[str] = set()
    if isinstance(parsed, ApiConfig) and parsed.auth and parsed.auth.secret in sites.secrets:
        value = read_secret(parsed.auth.secret, sites.secrets[parsed.auth.secret].file)
        found.update(_forms(value))
    if isinstance(parsed, DatabaseConfig) and parsed.connection in sites.databases:
        file = sites.databases[parsed.connection].password_file
        if file is not None:
            found.add(read_secret(parsed.connection, file))
    return sorted(found, key=len, reverse=True)


def _forms(value: str) -> set[str]:
    """Return a secret as it is sent and, when those are credentials in base64, as they are."""
    try:
        user, colon, password = b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        return {value}
    return {value, password} if user and colon and len(password) >= _FEWEST else {value}
