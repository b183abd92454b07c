"""The places that give a service its access key: variables, the container, the instance."""

import os
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import orjson

from libs.aws.credentials import Lease, NoCredentialsError, Source
from libs.aws.sigv4 import Credentials
from libs.http_client import HttpClient, HttpError, Response

_ECS = "http://169.254.170.2"
_INSTANCE = "http://169.254.169.254"
# Hosts that may be asked without TLS: the ECS agent and the EKS Pod Identity agent (AWS SDKs and
# Tools Reference Guide, "Container credential provider").
_AGENTS = {"169.254.170.2", "169.254.170.23", "fd00:ec2::23", "127.0.0.1", "::1", "localhost"}
_TIMEOUT_SECONDS = 1.0
_ROLES = "/latest/meta-data/iam/security-credentials/"


class EnvironmentSource:
    """The variables AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    async def fetch(self) -> Lease:
        """Return the key; it is taken to last, for nothing says when it ends."""
        key_id = self._environment.get("AWS_ACCESS_KEY_ID")
        secret = self._environment.get("AWS_SECRET_ACCESS_KEY")
        if not key_id or not secret:
            raise NoCredentialsError("AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is not set")
        token = self._environment.get("AWS_SESSION_TOKEN") or None
        return Lease(Credentials(key_id, secret, token), expires_at=None)


class ContainerSource:
    """The agent of an ECS task or an EKS pod, at the address that its variables name."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    async def fetch(self) -> Lease:
        """Ask the agent."""
        relative = self._environment.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
        full = self._environment.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
        address = f"{_ECS}{relative}" if relative else full
        if not address:
            raise NoCredentialsError("AWS_CONTAINER_CREDENTIALS_FULL_URI is not set")
        url = urlsplit(address)
        if url.scheme != "https" and url.hostname not in _AGENTS:
            raise NoCredentialsError("the address of the container's credentials is no agent's")
        path = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
        token = self._token()
        response = await _ask(
            f"{url.scheme}://{url.netloc}", "GET", path, {"authorization": token} if token else {}
        )
        return _lease(response)

    def _token(self) -> str:
        # Read each time: it is short-lived, and the file is replaced.
        if name := self._environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"):
            try:
                return Path(name).read_text(encoding="ascii").strip()
            except (OSError, ValueError) as exc:
                raise NoCredentialsError("the container's token cannot be read") from exc
        return self._environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")


class InstanceSource:
    """The metadata service of an EC2 instance, version 2."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._disabled = environment.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true"
        self._url = environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or _INSTANCE

    async def fetch(self) -> Lease:
        """Get a token, the role's name and its key; the token is not kept, being asked for
        rarely."""
        if self._disabled:
            raise NoCredentialsError("AWS_EC2_METADATA_DISABLED is true")
        life = {"x-aws-ec2-metadata-token-ttl-seconds": "60"}
        token = await _ask(self._url, "PUT", "/latest/api/token", life)
        proof = {"x-aws-ec2-metadata-token": token.body.decode("latin-1")}
        roles = await _ask(self._url, "GET", _ROLES, proof)
        role = roles.body.decode("latin-1").partition("\n")[0].strip()
        return _lease(await _ask(self._url, "GET", _ROLES + role, proof))


def environment_sources() -> list[Source]:
    """Return the places to look in, in AWS's order."""
    return [
        EnvironmentSource(os.environ),
        ContainerSource(os.environ),
        InstanceSource(os.environ),
    ]


async def _ask(url: str, method: str, path: str, headers: Mapping[str, str]) -> Response:
    """Make one request, on a connection of its own: hours pass before the next."""
    try:
        async with HttpClient(
            url, timeout_seconds=_TIMEOUT_SECONDS, max_connections=1, max_body_bytes=65_536
        ) as http:
            response = await http.request(method, path, headers=headers)
    except (HttpError, ValueError) as exc:
        raise NoCredentialsError(f"{method} {url}: {type(exc).__name__}") from exc
    if response.status != HTTPStatus.OK:
        raise NoCredentialsError(f"{method} {url}: {response.status}")
    return response


def _lease(response: Response) -> Lease:
    try:
        document = cast("dict[str, Any]", orjson.loads(response.body))
        ends = datetime.fromisoformat(document["Expiration"]).timestamp()
        credentials = Credentials(
            document["AccessKeyId"], document["SecretAccessKey"], document.get("Token") or None
        )
    except (KeyError, TypeError, ValueError) as exc:
        # Not the text of the error, which may hold a part of the key.
        raise NoCredentialsError(f"unreadable credentials ({type(exc).__name__})") from None
    return Lease(credentials, expires_at=ends)
