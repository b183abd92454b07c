"""What an API source connects to, and what it sends there."""

import socket
from collections.abc import Awaitable, Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from yarl import URL

from services.collector.sites import Sites
from services.collector.sources import fetching
from services.collector.sources.base import SourceError
from services.collector.sources.opening import check_config
from services.collector.tests.sources.collecting_all import batches_of, values_of
from services.collector.tests.sources.web import LOOPBACK, api, serving, with_secret
from services.collector.triggers import ApiConfig

_CLOSED = Sites()


class Server:
    """Answers everything with one record, and remembers what it was asked."""

    def __init__(self) -> None:
        self.requests: list[web.BaseRequest] = []
        self.answers: dict[str, Callable[[], web.Response]] = {}

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests.append(request)
        answer = self.answers.get(request.path)
        return answer() if answer else web.json_response([{"record_id": "a"}])

    def redirect(self, path: str, target: str, status: int = 302) -> None:
        """Answer a path with a redirect."""
        self.answers[path] = lambda: web.Response(status=status, headers={"Location": target})


async def refused(run: Awaitable[Any]) -> SourceError:
    """Return the error that ends a run."""
    with pytest.raises(SourceError) as caught:
        await run
    return caught.value


_NOTATIONS = [
    "127.0.0.1",
    "localhost",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
]
_LEGACY = [
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "017700000001",
]


@pytest.mark.parametrize("host", [*_NOTATIONS, *_LEGACY])
async def test_loopback_is_refused_in_any_notation_before_anything_is_sent(host: str) -> None:
    server = Server()
    async with serving(server) as origin:
        url = f"http://{host}:{URL(origin).port}/"
        error = await refused(batches_of(api(url, _CLOSED)))

        with pytest.raises(SourceError) as at_once:
            check_config(ApiConfig(url=url), _CLOSED)

    assert "forbidden-address" == at_once.value.kind
    # The client has its own refusal of numbers that the resolver would take for addresses.
    assert error.kind in {"forbidden-address", "bad-response"}
    assert error.permanent
    assert server.requests == []


@pytest.mark.parametrize("host", _NOTATIONS)
async def test_the_same_addresses_are_reached_when_the_site_opens_their_network(host: str) -> None:
    async with serving(Server()) as origin:
        batches = await batches_of(api(f"http://{host}:{URL(origin).port}/"))

    assert [{"record_id": "a"}] == values_of(batches)


@pytest.mark.parametrize("host", ["localhost.", *_LEGACY])
def test_what_only_resolvers_take_for_an_address_is_refused_at_once(host: str) -> None:
    sites = LOOPBACK if host in _LEGACY else _CLOSED
    with pytest.raises(SourceError) as caught:
        check_config(ApiConfig(url=f"http://{host}/"), sites)

    assert "forbidden-address" == caught.value.kind


@pytest.mark.parametrize("host", _LEGACY)
async def test_a_redirect_to_such_an_address_is_refused(host: str) -> None:
    opened, closed = Server(), Server()
    sites = Sites(networks=[ip_network("127.0.0.2/32")])
    async with serving(opened, "127.0.0.2") as origin, serving(closed) as private:
        opened.redirect("/", f"http://{host}:{URL(private).port}/")
        error = await refused(batches_of(api(origin, sites)))

    assert error.permanent
    assert closed.requests == []


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "[fe80::1]", "[fd00:ec2::254]", "[64:ff9b::a9fe:a9fe]"]
)
async def test_metadata_is_refused_though_everything_is_opened(host: str) -> None:
    sites = Sites(networks=[ip_network("0.0.0.0/0"), ip_network("::/0")])

    error = await refused(batches_of(api(f"http://{host}/latest/meta-data/", sites)))

    assert "forbidden-address" == error.kind


async def test_a_name_that_leads_elsewhere_at_the_second_look_is_refused_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As in DNS rebinding: the first answer is open to the site, the next one is not."""
    opened, closed = Server(), Server()
    looks: list[str] = []
    resolve = socket.getaddrinfo

    def changing(host: str, *args: Any, **kwargs: Any) -> Any:
        if host == "shop.example":
            looks.append(host)
            host = "127.0.0.2" if len(looks) == 1 else "127.0.0.1"
        return resolve(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    sites = Sites(networks=[ip_network("127.0.0.2/32")])
    async with (
        serving(opened, "127.0.0.2") as origin,
        serving(closed, "127.0.0.1", URL(origin).port or 0),
    ):
        url = f"http://shop.example:{URL(origin).port}"
        opened.answers["/"] = lambda: web.json_response(
            [], headers={"Link": f'<{url}/2>; rel="next"', "Connection": "close"}
        )
        error = await refused(batches_of(api(url, sites, paging={"kind": "link"})))

    assert "forbidden-address" == error.kind
    assert 2 == len(looks)
    assert 1 == len(opened.requests)
    assert closed.requests == []


async def test_of_several_addresses_of_a_name_only_open_ones_are_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolve = socket.getaddrinfo

    def several(host: str, *args: Any, **kwargs: Any) -> Any:
        if host != "shop.example":
            return resolve(host, *args, **kwargs)
        return [
            *resolve("127.0.0.1", *args, **kwargs),
            *resolve("169.254.169.254", *args, **kwargs),
            *resolve("127.0.0.2", *args, **kwargs),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", several)
    closed, opened = Server(), Server()
    sites = Sites(networks=[ip_network("127.0.0.2/32")])
    async with (
        serving(closed, "127.0.0.1") as origin,
        serving(opened, "127.0.0.2", URL(origin).port or 0),
    ):
        await batches_of(api(f"http://shop.example:{URL(origin).port}/", sites))

    assert closed.requests == []
    assert 1 == len(opened.requests)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_to_a_closed_address_is_refused(status: int) -> None:
    opened, closed = Server(), Server()
    sites = Sites(networks=[ip_network("127.0.0.2/32")])
    async with serving(opened, "127.0.0.2") as origin, serving(closed) as private:
        opened.redirect("/", f"{private}/", status)
        error = await refused(batches_of(api(origin, sites)))

    assert "forbidden-address" == error.kind
    assert closed.requests == []


async def test_a_redirect_to_metadata_is_refused_though_all_networks_are_opened() -> None:
    server = Server()
    server.redirect("/", "http://169.254.169.254/latest/meta-data/")
    sites = Sites(networks=[ip_network("0.0.0.0/0")])
    async with serving(server) as origin:
        error = await refused(batches_of(api(origin, sites)))

    assert "forbidden-address" == error.kind


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "gopher://x/", "//", "http://", "mailto:a"]
)
async def test_a_redirect_that_leads_to_no_web_address_is_refused(target: str) -> None:
    server = Server()
    server.redirect("/", target)
    async with serving(server) as origin:
        error = await refused(batches_of(api(origin)))

    assert "bad-response" == error.kind


async def test_a_circle_of_redirects_ends() -> None:
    server = Server()
    server.redirect("/", "/")
    async with serving(server) as origin:
        error = await refused(batches_of(api(origin)))

    assert ("bad-response", "more than 5 redirects") == (error.kind, error.detail)
    assert 6 == len(server.requests)


def test_a_redirect_from_https_to_http_is_refused() -> None:
    with pytest.raises(SourceError, match="from https to http"):
        fetching._redirected(URL("https://shop.example/"), "http://shop.example/")


async def test_the_secret_is_sent_to_its_origin_in_the_way_that_is_asked_for(
    tmp_path: Path,
) -> None:
    server = Server()
    async with serving(server) as origin:
        sites = with_secret(tmp_path, "s3cret-value", origin)
        await batches_of(api(origin, sites, auth={"secret": "shop-token"}))
        auth = {"secret": "shop-token", "header": "X-Api-Key", "scheme": ""}
        await batches_of(api(origin, sites, auth=auth))

    assert "Bearer s3cret-value" == server.requests[0].headers["Authorization"]
    assert "s3cret-value" == server.requests[1].headers["X-Api-Key"]


async def test_a_redirect_to_another_origin_does_not_take_the_secret_along(tmp_path: Path) -> None:
    server, stranger = Server(), Server()
    async with serving(server) as origin, serving(stranger) as other:
        server.redirect("/", "/same")
        server.redirect("/same", f"{other}/")
        sites = with_secret(tmp_path, "s3cret-value", origin)
        batches = await batches_of(api(origin, sites, auth={"secret": "shop-token"}))

    assert [{"record_id": "a"}] == values_of(batches)
    assert "Authorization" in server.requests[1].headers
    assert "Authorization" not in stranger.requests[0].headers
    assert "s3cret-value" not in str(stranger.requests[0].headers)


async def test_a_secret_for_other_origins_is_refused_at_once(tmp_path: Path) -> None:
    sites = with_secret(tmp_path, "s3cret-value", "https://api.shop.example")
    config = ApiConfig.model_validate(
        {"url": "http://api.shop.example/", "auth": {"secret": "shop-token"}}
    )

    with pytest.raises(SourceError) as caught:
        check_config(config, sites)

    assert "secret-not-for-origin" == caught.value.kind


def test_an_unknown_secret_is_refused_at_once() -> None:
    config = ApiConfig.model_validate({"url": "https://a.example", "auth": {"secret": "other"}})

    with pytest.raises(SourceError) as caught:
        check_config(config, LOOPBACK)

    assert "unknown-secret" == caught.value.kind


async def test_a_secret_whose_file_is_missing_may_come_back(tmp_path: Path) -> None:
    async with serving(Server()) as origin:
        sites = with_secret(tmp_path, "s3cret-value", origin)
        (tmp_path / "shop-token").unlink()
        error = await refused(batches_of(api(origin, sites, auth={"secret": "shop-token"})))

    assert ("secret-unavailable", False) == (error.kind, error.permanent)


async def test_proxies_and_credentials_of_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server = Server()
    async with serving(server) as origin:
        await batches_of(api(origin))

    assert "Authorization" not in server.requests[0].headers


async def test_cookies_are_not_sent_back() -> None:
    server = Server()
    server.answers["/"] = lambda: web.Response(
        status=302, headers={"Location": "/2", "Set-Cookie": "session=1"}
    )
    async with serving(server) as origin:
        await batches_of(api(origin))

    assert "Cookie" not in server.requests[1].headers


async def test_headers_of_the_config_are_sent() -> None:
    server = Server()
    async with serving(server) as origin:
        await batches_of(api(origin, headers={"accept": "text/json", "X-Shop": "7"}))

    assert ["text/json"] == server.requests[0].headers.getall("Accept")
    assert "7" == server.requests[0].headers["X-Shop"]
