"""Settings that fit each other, and words about those that do not which hold no secret."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from libs.service_kit import StartError
from libs.service_kit.settings import explain
from services.collector.data_folder import make_data_folder
from services.collector.settings import Settings

POSTGRESQL = "postgresql://collector:s3cret/word@db/collector"


def _refusal(**environment: str) -> str:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        with pytest.raises(ValidationError) as refusal:
            Settings()
    return explain(refusal.value)


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"ROLE": "boss"}, "ROLE='boss' is refused"),
        ({"ROLE": "api"}, "ROLE=api needs DATABASE_URL"),
        ({"ROLE": "worker"}, "ROLE=worker needs DATABASE_URL"),
        ({"REDIS_URL": "redis://redis"}, "REDIS_URL without DATABASE_URL has no use"),
        ({"REDIS_URL": "http://:s3cret@redis"}, "REDIS_URL is refused: it must begin with redis"),
        ({"DATABASE_URL": "mysql://a:s3cret@db/x"}, "DATABASE_URL is refused: it must be"),
        ({"DATABASE_URL": "postgresql+psycopg://a:s3cret@db/x"}, "DATABASE_URL is refused"),
        ({"DATABASE_URL": "postgresql://a:b/s3cret@db:x/y"}, "DATABASE_URL is refused"),
        ({"DATABASE_URL": "postgresql:///s3cret"}, "DATABASE_URL is refused"),
        ({"DATABASE_URL": "postgresql://a:s3cret@db"}, "DATABASE_URL is refused"),
        ({"DATABASE_URL": "s3cret"}, "DATABASE_URL is refused"),
        ({"MAX_QUEUED_JOBS": "5"}, "MAX_QUEUED_JOBS=5 lets one client fill the queue"),
        ({"LEASE_SECONDS": "0"}, "LEASE_SECONDS='0' is refused"),
        ({"RETENTION_DAYS": "0.5"}, "RETENTION_DAYS='0.5' is refused"),
        ({"CLIENTS_FILE": "/none"}, "CLIENTS_FILE='/none' is refused: it cannot be read"),
        ({"SOURCES_FILE": "/none"}, "SOURCES_FILE='/none' is refused: "),
    ],
)
def test_settings_that_cannot_be_are_refused_in_one_line(
    environment: dict[str, str], told: str
) -> None:
    line = _refusal(**environment)
    assert line.startswith(told)
    assert "\n" not in line
    assert "s3cret" not in line


def test_a_wrong_file_of_sources_is_refused_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "sources.json"
    path.write_text(json.dumps({"databases": {"shop": {"url": "postgresql://a:s3cret@db/shop"}}}))
    line = _refusal(SOURCES_FILE=str(path))
    assert "databases.shop.url" in line
    assert "s3cret" not in line


@pytest.mark.parametrize("role", ["all", "api", "worker"])
def test_every_role_goes_with_postgresql_and_redis(role: Any) -> None:
    settings = Settings.model_validate(
        {"role": role, "database_url": POSTGRESQL, "redis_url": "redis://:s3cret@redis/0"}
    )
    assert settings.storage_url == POSTGRESQL
    assert not settings.is_embedded


def test_settings_show_no_secret() -> None:
    settings = Settings.model_validate(
        {"database_url": POSTGRESQL, "redis_url": "redis://:s3cret@redis/0"}
    )
    assert "s3cret" not in f"{settings!r} {settings} {settings.model_dump()} {settings.__dict__}"


def test_the_folder_of_data_is_made_for_this_user_alone(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "a" / "b")
    make_data_folder(settings)
    make_data_folder(settings)
    assert settings.folder.stat().st_mode & 0o777 == 0o700
    assert settings.storage_url == f"sqlite:///{tmp_path}/a/b/collector.sqlite3"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match="set DATA_DIR"):
        make_data_folder(Settings(data_dir=tmp_path / "file" / "data"))


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that is used when none is set."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path / "granary-collector"


def test_without_a_folder_a_temporary_one_is_made(temporary: Path) -> None:
    make_data_folder(Settings())
    make_data_folder(Settings())
    assert temporary.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("trap", ["open to others", "a link"])
def test_a_temporary_folder_that_others_may_have_made_is_not_used(
    temporary: Path, tmp_path: Path, trap: str
) -> None:
    if trap == "a link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        temporary.symlink_to(tmp_path / "elsewhere")
    else:
        temporary.mkdir()
        temporary.chmod(0o770)
    with pytest.raises(StartError, match="not of this user alone"):
        make_data_folder(Settings())


def test_a_temporary_folder_of_somebody_else_is_not_used(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary.mkdir(mode=0o700)
    # The folder cannot be given away: in a sandbox there is no other user.
    monkeypatch.setattr(os, "geteuid", lambda: 12_345)
    with pytest.raises(StartError, match="not of this user alone"):
        make_data_folder(Settings())
