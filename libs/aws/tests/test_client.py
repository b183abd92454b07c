"""Calls: how they go out, and what each kind of answer becomes."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from libs.aws import AwsClient, NoAnswerError, ServiceError, connect_aws
from libs.http_client.testing import Handler, RawServer, answering, raw_server

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(KEYS, ("AKID", "s3cret", "t0ken"), strict=True):
        monkeypatch.setenv(name, value)


def answer(status: int, body: bytes) -> bytes:
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


def refused(status: int, kind: str, **more: object) -> bytes:
    return answer(status, json.dumps({"__type": kind, **more}).encode())


@asynccontextmanager
async def connected(handler: Handler, path: str = "") -> AsyncIterator[tuple[AwsClient, RawServer]]:
    async with (
        raw_server(handler) as server,
        connect_aws("sqs", region="eu-central-1", endpoint=server.url + path) as client,
    ):
        yield client, server


@pytest.mark.parametrize("path", ["", "/base"])
async def test_a_call_is_signed_json(path: str) -> None:
    async with connected(answering(answer(200, b'{"MessageId":"1"}')), path) as (client, server):
        result = await client.call("AmazonSQS.SendMessage", {"MessageBody": "\u00e9"})
    assert result == {"MessageId": "1"}
    (call,) = server.calls
    line, *fields = call.head.strip().split("\r\n")
    assert line == f"POST {path}/ HTTP/1.1"
    headers = dict(field.split(": ", 1) for field in fields)
    assert headers["x-amz-target"] == "AmazonSQS.SendMessage"
    assert headers["content-type"] == "application/x-amz-json-1.0"
    assert headers["x-amz-security-token"] == "t0ken"
    assert json.loads(call.body) == {"MessageBody": "\u00e9"}
    day = headers["x-amz-date"][:8]
    assert headers["authorization"].startswith(
        f"AWS4-HMAC-SHA256 Credential=AKID/{day}/eu-central-1/sqs/aws4_request, SignedHeaders="
        "content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature="
    )
    assert "s3cret" not in call.head


async def test_every_call_has_the_time_at_which_it_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1_800_000_000.9
    monkeypatch.setattr("libs.aws.client.time.time", lambda: now)
    async with connected(answering(answer(200, b"{}"))) as (client, server):
        for seconds in (0, 0, 1, 86_400):
            now += seconds
            await client.call("AmazonSQS.SendMessage", {})
    dates = [call.head.partition("x-amz-date: ")[2][:16] for call in server.calls]
    first, next_second, next_day = "20270115T080000Z", "20270115T080001Z", "20270116T080001Z"
    assert [first, first, next_second, next_day] == dates


@pytest.mark.parametrize(
    ("given", "status", "code", "message"),
    [
        (
            refused(400, "com.amazonaws.sqs#QueueDoesNotExist", message="m"),
            400,
            "QueueDoesNotExist",
            "m",
        ),
        (refused(400, "Plain", Message="M"), 400, "Plain", "M"),
        (refused(500, "a#InternalFailure"), 500, "InternalFailure", ""),
        (answer(502, b"<html>"), 502, "", ""),
        (answer(503, b""), 503, "", ""),
        (answer(400, b"[1]"), 400, "", ""),
        (answer(400, b'{"__type":1}'), 400, "", ""),
    ],
)
async def test_an_error_answer_says_which(
    given: bytes, status: int, code: str, message: str
) -> None:
    async with connected(answering(given)) as (client, server):
        with pytest.raises(ServiceError) as caught:
            await client.call("AmazonSQS.SendMessage", {})
    error = caught.value
    assert (status, code, message) == (error.status, error.code, error.message)
    assert len(server.calls) == 1


async def test_a_key_that_the_service_calls_expired_is_not_used_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in KEYS:
        monkeypatch.delenv(name)
    keys = [
        answer(
            200,
            json.dumps(
                {
                    "AccessKeyId": key_id,
                    "SecretAccessKey": "s",
                    "Token": "t",
                    "Expiration": "2099-01-01T00:00:00Z",
                }
            ).encode(),
        )
        for key_id in ("OLD", "NEW")
    ]
    expired = refused(400, "com.amazon.coral.service#ExpiredTokenException")
    async with (
        raw_server(answering(*keys)) as agent,
        connected(answering(expired, answer(200, b"{}"))) as (client, server),
    ):
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{agent.url}/key")
        with pytest.raises(ServiceError, match="ExpiredTokenException"):
            await client.call("AmazonSQS.SendMessage", {})
        for _ in range(2):
            await client.call("AmazonSQS.SendMessage", {})
    used = [call.head.partition("Credential=")[2].partition("/")[0] for call in server.calls]
    assert ["OLD", "NEW", "NEW"] == used
    assert len(agent.calls) == 2


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"\xff"])
async def test_an_answer_that_is_no_json_object_is_no_answer(body: bytes) -> None:
    async with connected(answering(answer(200, body))) as (client, _):
        with pytest.raises(NoAnswerError, match="not a JSON object") as caught:
            await client.call("AmazonSQS.SendMessage", {})
    assert caught.value.sent


async def test_no_answer_says_whether_the_call_went_out() -> None:
    async with connected(answering(b"")) as (client, _):
        with pytest.raises(NoAnswerError, match="TimedOutError") as caught:
            await client.call("AmazonSQS.SendMessage", {}, timeout_seconds=0.05)
        assert caught.value.sent
    async with connect_aws("sqs", region="us-east-1", endpoint="http://127.0.0.1:9") as client:
        with pytest.raises(NoAnswerError, match="NotConnectedError") as caught:
            await client.call("AmazonSQS.SendMessage", {})
        assert not caught.value.sent


async def test_without_credentials_nothing_goes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    async with connected(answering(answer(200, b"{}"))) as (client, server):
        with pytest.raises(NoAnswerError, match="no credentials: AWS_ACCESS_KEY_ID") as caught:
            await client.call("AmazonSQS.SendMessage", {})
        assert not caught.value.sent
        assert server.calls == []


async def test_what_json_does_not_hold_is_refused() -> None:
    async with connected(answering(answer(200, b"{}"))) as (client, server):
        with pytest.raises(TypeError):
            await client.call("AmazonSQS.SendMessage", {"x": object()})
        assert server.calls == []
