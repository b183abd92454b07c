"""What a trigger may say."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.collector.triggers import TRIGGER, config_json, parse_config

_API = {"url": "https://api.shop.example/v1/sales"}
_DATABASE = {"connection": "shop", "table": "sales"}
_FILE = {"root": "exports", "path": "sales.csv"}


def _trigger(source_type: str, **config: Any) -> Any:
    return TRIGGER.validate_json(json.dumps({"source_type": source_type, "config": config}))


def _errors(source_type: str, **config: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        _trigger(source_type, **config)
    return str(caught.value)


@pytest.mark.parametrize(
    ("source_type", "config"),
    [
        ("api", _API),
        ("api", {
            **_API, "headers": {"X-Shop": "7"}, "auth": {"secret": "s", "scheme": ""},
            "records": "data.items", "paging": {"kind": "cursor", "parameter": "p", "next": "n"},
            "requests_per_second": 1, "timeout_seconds": 5,
            "shape": {"record_id": "id", "fields": {"a": "b.c"}, "constants": {"x": None}},
        }),
        ("api", {**_API, "paging": {"kind": "offset"}}),
        ("database", {
            **_DATABASE, "schema": "own", "columns": ["a"], "cursor_column": "a", "series": "s",
            "where": {"a": 1, "b": "x", "c": None, "d": True, "e": 1.5},
        }),
        ("file", {**_FILE, "format": "csv", "delimiter": ";", "encoding": "windows-1252"}),
    ],
)  # fmt: skip
def test_a_config_is_the_same_after_it_was_stored(source_type: Any, config: Any) -> None:
    asked = _trigger(source_type, **config).config

    stored = json.dumps(config_json(asked), sort_keys=True)

    assert asked == parse_config(source_type, json.loads(stored))
    for name, value in config.items():
        if not isinstance(value, dict):
            assert value == json.loads(stored)[name]


@given(
    st.dictionaries(st.text(max_size=3), st.none() | st.booleans() | st.integers() | st.floats())
)
def test_values_of_where_keep_their_types(where: dict[str, Any]) -> None:
    try:
        asked = TRIGGER.validate_python(
            {"source_type": "database", "config": {**_DATABASE, "where": where}}
        )
    except ValidationError:
        return
    stored = json.loads(json.dumps(config_json(asked.config), allow_nan=False))

    parsed = parse_config("database", stored)
    assert parsed == asked.config
    assert {k: type(v) for k, v in where.items()} == {
        k: type(v) for k, v in stored["where"].items()
    }


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example/",
        "file:///etc/passwd",
        "//a.example/",
        "a.example",
        "https://",
        "https:///path",
        "https://user:pass@a.example/",
        "https://user@a.example/",
        "https://a.example/#fragment",
        "https://a.example:99999/",
        "https://a.example/ b",
        "https://a.example/\nX: y",
        "https://a.example/?api_key=x",
        "https://a.example/?q=1&Access_Token=x",
        "https://[::1",
        "https://a..example/",
        "https://" + "a" * 64 + ".example/",
        "https://a.example/" + "x" * 2_000,
    ],
)
def test_an_address_that_cannot_be_asked_is_refused(url: str) -> None:
    assert "config.url" in _errors("api", url=url).replace("api.", "")


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "Cookie",
        "Proxy-Authorization",
        "X-Api-Key",
        "X-Auth-Token",
        "Host",
        "Connection",
        "Transfer-Encoding",
        "Content-Length",
        "X-Forwarded-For",
        "x-forwarded-host",
        "X-Real-IP",
        "X-Original-URL",
        "X-HTTP-Method-Override",
        "Metadata-Flavor",
        "X-aws-ec2-metadata-token",
        "Range",
        "Bad Name",
        "X-A:",
        "",
    ],
)
def test_headers_that_carry_secrets_or_steer_the_connection_are_refused(name: str) -> None:
    assert "headers" in _errors("api", **_API, headers={name: "x"})


@pytest.mark.parametrize("value", ["a\r\nX-B: c", "a\nb", "a\0", "ä", "", " a"])
def test_a_header_with_more_than_a_line_of_ascii_is_refused(value: str) -> None:
    assert "headers" in _errors("api", **_API, headers={"X-A": value})


def test_a_header_comes_once() -> None:
    assert "once" in _errors("api", **_API, headers={"X-A": "1", "x-a": "2"})


@pytest.mark.parametrize("header", ["Host", "Content-Length", "Proxy-Authorization", "a b", ""])
def test_a_secret_is_sent_in_no_header_of_the_connection(header: str) -> None:
    assert "auth.header" in _errors("api", **_API, auth={"secret": "s", "header": header})


@pytest.mark.parametrize(
    ("source_type", "config"),
    [
        ("ftp", {}),
        ("api", {}),
        ("api", _FILE),
        ("api", {**_API, "sql": "SELECT 1"}),
        ("api", {**_API, "paging": {"kind": "guess"}}),
        ("api", {**_API, "paging": {"kind": "cursor", "parameter": "a&b", "next": "n"}}),
        ("api", {**_API, "requests_per_second": 0}),
        ("api", {**_API, "requests_per_second": "1"}),
        ("api", {**_API, "timeout_seconds": 1e9}),
        ("database", {**_DATABASE, "query": "SELECT 1"}),
        ("database", {**_DATABASE, "url": "postgresql://a@b/c"}),
        ("database", {**_DATABASE, "series": "s"}),
        ("database", {**_DATABASE, "columns": []}),
        ("database", {**_DATABASE, "table": "a\0b"}),
        ("database", {**_DATABASE, "where": {"a": [1]}}),
        ("database", {**_DATABASE, "where": {"a": 2**63}}),
        ("file", {**_FILE, "root": "/etc"}),
        ("file", {**_FILE, "path": "../a.csv"}),
        ("file", {**_FILE, "delimiter": "ab"}),
        ("file", {**_FILE, "encoding": "utf-7"}),
        ("file", {**_FILE, "shape": {"fields": {}}}),
        ("file", {**_FILE, "shape": {"constants": {"a": [1]}}}),
    ],
)
def test_what_is_not_in_the_contract_is_refused(source_type: str, config: dict[str, Any]) -> None:
    _errors(source_type, **config)
