"""The file that says what a site may reach, and the secrets that it names."""

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from services.collector.secrets import read_secret, secrets_of
from services.collector.sites import Sites, SitesError, load_sites
from services.collector.sources.base import SourceError

_WHOLE = {
    "files": {"exports": "/srv/exports"},
    "databases": {
        "shop": {
            "url": "postgresql://reader@db.shop.example:5432/shop",
            "password_file": "/run/secrets/shop",
            "tables": ["sales", "stock.counts"],
        },
        "till": {"url": "sqlite:////srv/till.db"},
    },
    "secrets": {
        "shop-token": {"file": "/run/secrets/token", "origins": ["https://api.shop.example"]}
    },
    "networks": ["10.20.0.0/16", "fd12::/64"],
    "limits": {"records": 5},
}


def _load(tmp_path: Path, content: object) -> Sites:
    file = tmp_path / "sources.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return load_sites(file)


def test_the_file_says_all_that_jobs_may_reach(tmp_path: Path) -> None:
    sites = _load(tmp_path, _WHOLE)

    assert {"exports": Path("/srv/exports")} == sites.files
    assert "db.shop.example" == sites.databases["shop"].address.host
    assert ["https://api.shop.example"] == sites.secrets["shop-token"].origins
    assert ["10.20.0.0/16", "fd12::/64"] == [str(network) for network in sites.networks]
    assert 5 == sites.limits.records


def test_without_a_file_nothing_of_the_site_can_be_named() -> None:
    assert Sites() == load_sites(None)


@pytest.mark.parametrize(
    ("origin", "normal"),
    [
        ("https://api.shop.example:443", "https://api.shop.example"),
        ("HTTP://API.shop.example:80", "http://api.shop.example"),
        ("http://api.shop.example:8080", "http://api.shop.example:8080"),
    ],
)
def test_origins_are_compared_as_they_are_meant(tmp_path: Path, origin: str, normal: str) -> None:
    content = {"secrets": {"s": {"file": "/s", "origins": [origin]}}}

    assert [normal] == _load(tmp_path, content).secrets["s"].origins


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "the file: Invalid JSON"),
        ({"file": {}}, "file: Extra inputs are not permitted"),
        ({"files": {"exports": "exports"}}, "files.exports: should be an absolute path"),
        ({"files": {"a/b": "/x"}}, "files.a/b.[key]: String should match pattern"),
        ({"networks": ["10.20.0.1/16"]}, "has host bits set"),
        ({"networks": ["169.254.0.0/16"]}, "no job may reach"),
        ({"networks": ["169.254.169.254/32"]}, "no job may reach"),
        ({"networks": ["fe80::/64"]}, "no job may reach"),
        ({"limits": {"records": 0}}, "limits.records: Input should be greater than or equal to 1"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(SitesError) as caught:
        _load(tmp_path, content)

    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("SOURCES_FILE=")


@pytest.mark.parametrize(
    "origin",
    [
        "api.shop.example",
        "https://api.shop.example/v1",
        "https://a:b@api.example",
        "ftp://a",
        "",
        "https://[",
        "*",
    ],
)
def test_what_is_no_origin_is_refused(tmp_path: Path, origin: str) -> None:
    with pytest.raises(SitesError, match="origins"):
        _load(tmp_path, {"secrets": {"s": {"file": "/s", "origins": [origin]}}})


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://reader:hunter22@db/shop",
        "postgresql://reader@db/shop?password=hunter22",
        "postgresql:///shop",
        "postgresql://reader@db",
        "postgresql+psycopg://reader@db/shop",
        "mysql://reader@db/shop",
        "sqlite://",
        "sqlite:///relative.db",
        "sqlite:////srv/till.db?mode=rwc",
        "not a url",
        "",
    ],
)
def test_what_is_no_address_of_a_database_is_refused_and_not_shown(
    tmp_path: Path, url: str
) -> None:
    with pytest.raises(SitesError, match=r"databases\.shop\.url") as caught:
        _load(tmp_path, {"databases": {"shop": {"url": url}}})

    assert "hunter22" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SitesError, match=r"none.json cannot be read: No such file"):
        load_sites(tmp_path / "none.json")


@pytest.mark.parametrize("content", ["s3cret-value", "s3cret-value\n", "s3cret-value\r\n"])
def test_a_secret_is_the_line_in_its_file(tmp_path: Path, content: str) -> None:
    (tmp_path / "s").write_text(content, newline="")

    assert "s3cret-value" == read_secret("s", tmp_path / "s")


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"short", b"       \n", b"two\nlines-of-it", b"tab\tin-the-midst",
     b"nul\0in-the-midst", "sécret-value".encode(), b"x" * 5_001, b"x" * 100_000],
)  # fmt: skip
def test_what_cannot_be_sent_or_redacted_is_no_secret(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "s").write_bytes(content)

    with pytest.raises(SourceError) as caught:
        read_secret("s", tmp_path / "s")

    assert ("secret-unavailable", False) == (caught.value.kind, caught.value.permanent)
    assert "midst" not in caught.value.detail


def test_the_secrets_of_a_job_are_those_that_it_names(tmp_path: Path) -> None:
    basic = b64encode(b"reader:hunter22hunter22").decode()
    for name, value in (("token", "s3cret-value"), ("basic", basic), ("shop", "pass-word")):
        (tmp_path / name).write_text(value)
    origins = ["https://a.example"]
    sites = Sites.model_validate(
        {
            "secrets": {
                "token": {"file": tmp_path / "token", "origins": origins},
                "basic": {"file": tmp_path / "basic", "origins": origins},
            },
            "databases": {
                "shop": {
                    "url": "postgresql://reader@db/shop",
                    "password_file": tmp_path / "shop",
                },
                "open": {"url": "sqlite:////srv/till.db"},
            },
            "files": {"exports": tmp_path},
        }
    )

    def of(source_type: Any, **config: Any) -> list[str]:
        return secrets_of(source_type, config, sites)

    url = "https://a.example/"
    assert ["s3cret-value"] == of("api", url=url, auth={"secret": "token"})
    assert [basic, "hunter22hunter22"] == of("api", url=url, auth={"secret": "basic"})
    assert [] == of("api", url=url)
    assert [] == of("api", url=url, auth={"secret": "none"})
    assert ["pass-word"] == of("database", connection="shop", table="t")
    assert [] == of("database", connection="open", table="t")
    assert [] == of("file", root="exports", path="a.csv")
