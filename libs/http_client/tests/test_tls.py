"""TLS: the server's name is sent, and its certificate is checked against that name."""

import ssl

import pytest
import trustme

from libs.http_client import HttpClient, NotConnectedError
from libs.http_client.testing import OK, answering, raw_server


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """An authority that nobody knows."""
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """Return what a client that knows the authority speaks TLS with."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
def names() -> list[str | None]:
    """The names that clients asked the server for."""
    return []


@pytest.fixture
def server_side(authority: trustme.CA, names: list[str | None]) -> ssl.SSLContext:
    """Return what the server speaks TLS with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    return context


async def test_requests_go_over_tls_with_the_name_of_the_server(
    server_side: ssl.SSLContext, trusting: ssl.SSLContext, names: list[str | None]
) -> None:
    body = bytes(1_000_000)
    async with (
        raw_server(answering(OK), ssl_context=server_side) as server,
        HttpClient(server.url, timeout_seconds=5, ssl_context=trusting) as client,
    ):
        for _ in range(3):
            assert (await client.request("POST", "/", body=body)).body == b"ok"
        assert server.connections == 1
    assert ["localhost"] == names
    assert body == server.calls[2].body


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    server_side: ssl.SSLContext,
) -> None:
    async with (
        raw_server(answering(OK), ssl_context=server_side) as server,
        HttpClient(server.url, timeout_seconds=5) as client,
    ):
        with pytest.raises(NotConnectedError, match="CertVerification") as caught:
            await client.request("GET", "/")
        assert not caught.value.sent
        assert server.calls == []


async def test_a_certificate_of_another_name_is_refused(
    server_side: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    async with raw_server(answering(OK), ssl_context=server_side) as server:
        url = server.url.replace("localhost", "127.0.0.1")
        async with HttpClient(url, timeout_seconds=5, ssl_context=trusting) as client:
            with pytest.raises(NotConnectedError, match="CertVerification"):
                await client.request("GET", "/")


async def test_a_server_without_tls_is_no_server() -> None:
    async with raw_server(answering(OK)) as server:
        url = server.url.replace("http:", "https:")
        async with HttpClient(url, timeout_seconds=1) as client:
            with pytest.raises(NotConnectedError):
                await client.request("GET", "/")
