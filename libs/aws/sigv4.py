"""AWS Signature Version 4, for requests whose path and headers are known to be in canonical form.

Source: "Create a signed AWS API request" in the IAM User Guide. What does not change from call to
call (the signing key and the scope of a day) is kept.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key, with the token of a session that it may belong to."""

    key_id: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


class Signer:
    """Signs requests to one service in one region."""

    def __init__(self, service: str, region: str) -> None:
        self._service = service
        self._region = region
        self._secret = ""
        self._day = ""
        self._key = b""
        self._scope = ""

    def authorization(
        self,
        credentials: Credentials,
        *,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> str:
        """Return the value of the Authorization header.

        `path` is absolute, encoded and without a query. `headers` are all that is signed: lower
        case, sorted, without runs of spaces, with `host` and with `x-amz-date` as
        YYYYMMDDTHHMMSSZ.
        """
        timestamp = headers["x-amz-date"]
        day = timestamp[:8]
        if day != self._day or credentials.secret != self._secret:
            self._derive(credentials.secret, day)
        names = ";".join(headers)
        fields = "".join([f"{name}:{value}\n" for name, value in headers.items()])
        payload = hashlib.sha256(body).hexdigest()
        request = f"{method}\n{path}\n\n{fields}\n{names}\n{payload}"
        digest = hashlib.sha256(request.encode()).hexdigest()
        text = f"{_ALGORITHM}\n{timestamp}\n{self._scope}\n{digest}"
        signature = hmac.digest(self._key, text.encode(), "sha256").hex()
        return (
            f"{_ALGORITHM} Credential={credentials.key_id}/{self._scope}, "
            f"SignedHeaders={names}, Signature={signature}"
        )

    def _derive(self, secret: str, day: str) -> None:
        key = f"AWS4{secret}".encode()
        for part in (day, self._region, self._service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        self._key = key
        self._scope = f"{day}/{self._region}/{self._service}/aws4_request"
        self._secret = secret
        self._day = day
