"""Signatures are those of AWS's own test suite, and those that botocore makes."""

import string
from datetime import UTC, datetime

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from libs.aws.sigv4 import Credentials, Signer

# The account, time and service of the published suite, "aws-sig-v4-test-suite".
SUITE = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
SUITE_HEADERS = {"host": "example.amazonaws.com", "x-amz-date": "20150830T123600Z"}


@pytest.mark.parametrize(
    ("method", "headers", "body", "signature"),
    [
        (
            "GET",
            SUITE_HEADERS,
            b"",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            "POST",
            SUITE_HEADERS,
            b"",
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        ),
        (
            "POST",
            {"content-type": "application/x-www-form-urlencoded"} | SUITE_HEADERS,
            b"Param1=value1",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ],
    ids=["get-vanilla", "post-vanilla", "post-x-www-form-urlencoded"],
)
def test_signatures_of_the_published_suite(
    method: str, headers: dict[str, str], body: bytes, signature: str
) -> None:
    value = Signer("service", "us-east-1").authorization(
        SUITE, method=method, path="/", headers=headers, body=body
    )
    assert value == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders={';'.join(headers)}, Signature={signature}"
    )


text = st.text(alphabet=string.ascii_letters + string.digits + "-_./+=;:", min_size=1, max_size=40)


@given(
    service=st.sampled_from(["dynamodb", "sqs"]),
    region=st.sampled_from(["us-east-1", "eu-central-1"]),
    key_id=st.text(alphabet=string.ascii_uppercase, min_size=1),
    secret=text,
    token=st.none() | text,
    target=text,
    path=st.sampled_from(["/", "/base/"]),
    port=st.none() | st.integers(1024, 65535),
    body=st.binary(max_size=2_000),
    when=st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2099, 1, 1)),  # noqa: DTZ001
)
def test_signatures_are_botocores(
    service: str,
    region: str,
    key_id: str,
    secret: str,
    token: str | None,
    target: str,
    path: str,
    port: int | None,
    body: bytes,
    when: datetime,
) -> None:
    host = f"{service}.{region}.amazonaws.com" + (f":{port}" if port else "")
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "host": host,
        "x-amz-date": when.replace(tzinfo=UTC).strftime("%Y%m%dT%H%M%SZ"),
    }
    if token:
        headers["x-amz-security-token"] = token
    headers["x-amz-target"] = target
    value = Signer(service, region).authorization(
        Credentials(key_id, secret, token), method="POST", path=path, headers=headers, body=body
    )
    assert botocores(service, region, key_id, secret, path, headers, body) == value


def test_a_signer_follows_the_day_and_the_key() -> None:
    signer = Signer("sqs", "us-east-1")
    first = {"host": "h", "x-amz-date": "20261121T235959Z"}
    second = {"host": "h", "x-amz-date": "20261122T000000Z"}
    for key, headers in (
        (("A", "one"), first),
        (("A", "one"), second),
        (("B", "two"), second),
        (("A", "one"), second),
    ):
        value = signer.authorization(
            Credentials(*key), method="POST", path="/", headers=headers, body=b"{}"
        )
        assert botocores("sqs", "us-east-1", *key, "/", headers, b"{}") == value


def test_credentials_do_not_show_their_secrets() -> None:
    shown = repr(Credentials("AKID", "s3cret", "t0ken"))
    assert "AKID" in shown
    assert "s3cret" not in shown
    assert "t0ken" not in shown


def botocores(
    service: str,
    region: str,
    key_id: str,
    secret: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
) -> str:
    """Return the Authorization header that botocore makes of the same request."""
    auth = SigV4Auth(BotocoreCredentials(key_id, secret), service, region)
    request = AWSRequest("POST", f"https://{headers['host']}{path}", headers=headers, data=body)
    request.context["timestamp"] = headers["x-amz-date"]
    canonical = auth.canonical_request(request)
    signature = auth.signature(auth.string_to_sign(request, canonical), request)
    names = auth.signed_headers(auth.headers_to_sign(request))
    scope = f"{headers['x-amz-date'][:8]}/{region}/{service}/aws4_request"
    return (
        f"AWS4-HMAC-SHA256 Credential={key_id}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}"
    )
