"""Bad settings are explained in one line that names the variable."""

import pytest
from pydantic import Field, HttpUrl, ValidationError

from libs.service_kit import ServiceSettings
from libs.service_kit.settings import ServerSettings, explain


class Settings(ServiceSettings):
    api_token: str = Field(default="none", max_length=4)
    peer_url: HttpUrl = HttpUrl("http://127.0.0.1")


@pytest.mark.parametrize(
    ("variable", "value", "parts"),
    [
        ("PORT", "eighty", ["PORT='eighty'", "valid integer", "correct PORT"]),
        ("PORT", "70000", ["PORT='70000'", "less than or equal to 65535"]),
        ("LOG_LEVEL", "LOUD", ["LOG_LEVEL='LOUD'", "'debug', 'info', 'warning' or 'error'"]),
        ("DRAIN_DELAY_SECONDS", "-1", ["DRAIN_DELAY_SECONDS='-1'", "greater than or equal to 0"]),
        ("REQUEST_TIMEOUT_SECONDS", "soon", ["REQUEST_TIMEOUT_SECONDS='soon'", "valid number"]),
        ("MAX_BODY_BYTES", "x" * 99, ["MAX_BODY_BYTES='" + "x" * 40 + "...'"]),
        ("PEER_URL", "user:hunter2@host", ["PEER_URL is refused"]),
        ("API_TOKEN", "hunter2", ["API_TOKEN is refused", "at most 4 characters"]),
    ],
)
def test_the_line_names_the_variable_the_problem_and_the_fix(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, parts: list[str]
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValidationError) as caught:
        ServerSettings()
        Settings()
    line = explain(caught.value)
    assert "\n" not in line
    assert "hunter2" not in line
    assert all(part in line for part in parts), line


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "")
    monkeypatch.setenv("REQUEST_TIMEOUT_SECONDS", "")
    assert ServerSettings().port is None
    assert Settings().request_timeout_seconds == 10


def test_several_bad_variables_are_named_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "x")
    monkeypatch.setenv("LOG_LEVEL", "y")
    with pytest.raises(ValidationError) as caught:
        ServerSettings()
    line = explain(caught.value)
    assert "PORT='x'" in line
    assert "LOG_LEVEL='y'" in line
