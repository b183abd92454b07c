"""Where keys come from, against servers that play the agents of a container and an instance."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from libs.aws.credentials import NoCredentialsError
from libs.aws.sigv4 import Credentials
from libs.aws.sources import ContainerSource, EnvironmentSource, InstanceSource
from libs.http_client.testing import Call, RawServer, raw_server

KEY = Credentials("AKID", "secret", "token")
DOCUMENT = {
    "AccessKeyId": "AKID",
    "SecretAccessKey": "secret",
    "Token": "token",
    "Expiration": "2027-01-15T08:00:00Z",
}
EXPIRES_AT = 1_800_000_000


def answer(body: str, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


async def play(call: Call) -> None:
    """Answer as the container's agent and the instance's metadata service do."""
    method, path, _ = call.head.split(" ", 2)
    head = call.head.lower()
    token = "x-aws-ec2-metadata-token: t0ken\r\n" in head
    match method, path:
        case "GET", "/container?role=x":
            known = "authorization: pod-token\r\n" in head
            await call.send(answer(json.dumps(DOCUMENT)) if known else answer("", "403 Forbidden"))
        case "GET", "/broken":
            await call.send(answer(json.dumps(DOCUMENT | {"Expiration": "s3cret"})))
        case "PUT", "/latest/api/token":
            assert "x-aws-ec2-metadata-token-ttl-seconds: 60\r\n" in head
            await call.send(answer("t0ken"))
        case "GET", "/latest/meta-data/iam/security-credentials/" if token:
            await call.send(answer("the-role\n"))
        case "GET", "/latest/meta-data/iam/security-credentials/the-role" if token:
            await call.send(answer(json.dumps(DOCUMENT)))
        case _:
            await call.send(answer("", "404 Not Found"))


@pytest.fixture
async def agent() -> AsyncIterator[RawServer]:
    async with raw_server(play) as server:
        yield server


async def test_variables_give_a_key_that_lasts() -> None:
    environment = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret"}
    lease = await EnvironmentSource(environment).fetch()
    assert (Credentials("AKID", "secret"), None) == (lease.credentials, lease.expires_at)
    lease = await EnvironmentSource(environment | {"AWS_SESSION_TOKEN": "token"}).fetch()
    assert lease.credentials == KEY
    with pytest.raises(NoCredentialsError, match="not set"):
        await EnvironmentSource({"AWS_ACCESS_KEY_ID": "AKID"}).fetch()


async def test_the_containers_agent_is_asked_with_the_token(
    agent: RawServer, tmp_path: Path
) -> None:
    address = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{agent.url}/container?role=x"}
    token = {"AWS_CONTAINER_AUTHORIZATION_TOKEN": "pod-token"}
    lease = await ContainerSource(address | token).fetch()
    assert (KEY, EXPIRES_AT) == (lease.credentials, lease.expires_at)

    file = tmp_path / "token"
    source = ContainerSource(address | {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(file)})
    with pytest.raises(NoCredentialsError, match="token cannot be read"):
        await source.fetch()
    file.write_text("old\n")
    with pytest.raises(NoCredentialsError, match="403"):
        await source.fetch()
    file.write_text("pod-token\n")
    assert (await source.fetch()).credentials == KEY


@pytest.mark.parametrize(
    "url", ["http://example.test/x", "http://127.0.0.1.example.test/", "ftp://127.0.0.1/", "/x"]
)
async def test_a_key_is_not_asked_for_just_anywhere(url: str) -> None:
    with pytest.raises(NoCredentialsError, match=r"no agent|ValueError"):
        await ContainerSource({"AWS_CONTAINER_CREDENTIALS_FULL_URI": url}).fetch()


async def test_the_instance_gives_a_key_for_a_session_token(agent: RawServer) -> None:
    source = InstanceSource({"AWS_EC2_METADATA_SERVICE_ENDPOINT": agent.url})
    lease = await source.fetch()
    assert (KEY, EXPIRES_AT) == (lease.credentials, lease.expires_at)
    with pytest.raises(NoCredentialsError, match="is true"):
        await InstanceSource({"AWS_EC2_METADATA_DISABLED": "TRUE"}).fetch()


async def test_a_place_without_a_key_says_so_and_shows_no_part_of_an_answer(
    agent: RawServer,
) -> None:
    with pytest.raises(NoCredentialsError, match="not set"):
        await ContainerSource({}).fetch()
    for path in ("missing", "broken"):
        source = ContainerSource({"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{agent.url}/{path}"})
        with pytest.raises(NoCredentialsError) as caught:
            await source.fetch()
        assert "s3cret" not in str(caught.value)
        assert caught.value.__cause__ is None
    closed = InstanceSource({"AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:9"})
    with pytest.raises(NoCredentialsError, match="NotConnectedError"):
        await closed.fetch()
