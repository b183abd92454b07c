"""Who asks: a client known by its token or, where tokens are not used, by its address."""

import hmac
import json
import re
from collections.abc import Mapping
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path

from fastapi import Request

from libs.service_kit import ProblemError
from services.collector.problems import UNKNOWN_CLIENT

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="collector"'}


class ClientsFileError(ValueError):
    """The file of clients cannot be used; the message names the place and no token."""


class Clients:
    """Clients by their tokens, of which only the digests are known."""

    def __init__(self, digests: Mapping[str, str]) -> None:
        """Take clients as name -> SHA-256 of the token, in hexadecimal digits."""
        self._digests = {name: bytes.fromhex(digest) for name, digest in digests.items()}

    @classmethod
    def read(cls, path: Path) -> "Clients":
        """Read the file of clients: a JSON object of names and digests.

        Raises:
            ClientsFileError: it cannot be read, or is not such a file.
        """
        try:
            document = json.loads(path.read_bytes(), object_pairs_hook=_distinct)
        except OSError as error:
            raise ClientsFileError(f"it cannot be read: {error.strerror}") from error
        except ClientsFileError:
            raise
        except (ValueError, RecursionError) as error:
            raise ClientsFileError("it is not JSON that can be read") from error
        if not isinstance(document, dict) or not document:
            raise ClientsFileError("it must be a JSON object of at least one client")
        for name, digest in document.items():
            if not _NAME.fullmatch(name):
                raise ClientsFileError(
                    f"{name[:80]!r} is no name of a client: use 1 to 64 letters, digits, . _ -"
                )
            if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
                raise ClientsFileError(
                    f"{name} must have the SHA-256 of its token, as 64 lower-case hexadecimal "
                    "digits"
                )
        if len(set(document.values())) < len(document):
            raise ClientsFileError("two clients have the same token")
        return cls(document)

    def named_by(self, request: Request) -> str:
        """Return the name of the client whose token a request brings.

        Raises:
            ProblemError: 401, there is none.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise ProblemError(
                UNKNOWN_CLIENT,
                "send the header Authorization: Bearer with the client's token",
                headers=_CHALLENGE,
            )
        name = self._name_of(token.strip())
        if name is None:
            raise ProblemError(
                UNKNOWN_CLIENT,
                "no client has this token",
                headers={
                    "WWW-Authenticate": f'{_CHALLENGE["WWW-Authenticate"]}, error="invalid_token"'
                },
            )
        return name

    def _name_of(self, token: str) -> str | None:
        presented = sha256(token.encode()).digest()
        found = None
        for name, digest in self._digests.items():
            # All are compared, each in the same time, so that the answer's time tells nothing.
            if hmac.compare_digest(digest, presented):
                found = name
        return found


def address_of(request: Request) -> str:
    """Return the address that a request came from: the client, where clients have no tokens."""
    host = request.client.host if request.client else ""
    try:
        return str(ip_address(host.partition("%")[0]))
    except ValueError:
        return "unknown"


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ClientsFileError("a name comes twice")
    return found
