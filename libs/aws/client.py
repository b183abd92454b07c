"""Calls of AWS services that speak the AWS JSON 1.0 protocol (DynamoDB, SQS), one attempt each.

A request is `POST /` with the operation in `X-Amz-Target` and JSON both ways (Smithy, "AWS JSON 1.0
protocol"). What to repeat depends on the service and the call, so that nothing is repeated here.
"""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import orjson

from libs.aws.credentials import CredentialCache, NoCredentialsError
from libs.aws.errors import NoAnswerError, ServiceError
from libs.aws.sigv4 import Signer
from libs.aws.sources import environment_sources
from libs.http_client import HttpClient, HttpError

_CONTENT_TYPE = "application/x-amz-json-1.0"
_EXPIRED = {"ExpiredToken", "ExpiredTokenException"}


class AwsClient:
    """One service's connection to one AWS service. Make it with `connect_aws`."""

    def __init__(self, http: HttpClient, signer: Signer, credentials: CredentialCache) -> None:
        self._http = http
        self._signer = signer
        self._credentials = credentials
        self._path = f"{http.path}/"
        self._second = 0
        self._timestamp = ""

    async def call(
        self, target: str, payload: Mapping[str, Any], *, timeout_seconds: float | None = None
    ) -> dict[str, Any]:
        """Make one attempt of an operation such as `AmazonSQS.SendMessage`; return its answer.

        Raise ServiceError or NoAnswerError, TypeError for a payload that JSON does not hold.
        """
        body = orjson.dumps(payload)
        try:
            credentials = await self._credentials.get()
        except NoCredentialsError as exc:
            raise NoAnswerError(f"{target}: {exc}", sent=False) from exc
        signed = {
            "content-type": _CONTENT_TYPE,
            "host": self._http.host,
            "x-amz-date": self._now(),
        }
        if credentials.token:
            signed["x-amz-security-token"] = credentials.token
        signed["x-amz-target"] = target
        authorization = self._signer.authorization(
            credentials, method="POST", path=self._path, headers=signed, body=body
        )
        del signed["host"]  # the HTTP client writes it
        signed["authorization"] = authorization
        try:
            response = await self._http.request(
                "POST", "/", headers=signed, body=body, timeout_seconds=timeout_seconds
            )
        except HttpError as exc:
            raise NoAnswerError(f"{target}: {type(exc).__name__}: {exc}", sent=exc.sent) from exc
        if response.status == HTTPStatus.OK:
            answer = _document(response.body)
            if answer is None:
                raise NoAnswerError(f"{target}: the answer is not a JSON object", sent=True)
            return answer
        error = ServiceError(target, response.status, _document(response.body) or {})
        if error.code in _EXPIRED:
            self._credentials.invalidate(credentials)
        raise error

    def _now(self) -> str:
        """Return the time as signatures have it, made once a second."""
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._timestamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
        return self._timestamp


@asynccontextmanager
async def connect_aws(
    service: str,
    *,
    region: str,
    endpoint: str | None = None,
    timeout_seconds: float = 2.0,
    max_connections: int = 100,
) -> AsyncIterator[AwsClient]:
    """Open the connection pool of a service such as `sqs`; leaving the context closes it.

    `endpoint` is for a service elsewhere than AWS. No request is made yet.
    """
    url = endpoint or f"https://{service}.{region}.amazonaws.com"
    credentials = CredentialCache(environment_sources())
    async with HttpClient(
        url, timeout_seconds=timeout_seconds, max_connections=max_connections
    ) as http:
        try:
            yield AwsClient(http, Signer(service, region), credentials)
        finally:
            await credentials.close()


def _document(body: bytes) -> dict[str, Any] | None:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None
