"""Settings of collector; README.md has them as a table."""

import tempfile
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from libs.service_kit import ServiceSettings
from services.collector.clients import Clients
from services.collector.sites import SitesError, load_sites

_SQLITE_FILE = "collector.sqlite3"
_TEMPORARY_FOLDER = "granary-collector"


def _of_postgresql(url: SecretStr) -> SecretStr:
    try:
        at = make_url(url.get_secret_value())
        fit = at.drivername == "postgresql" and bool(at.host and at.database)
    except (ArgumentError, ValueError):  # whose words may hold the password
        fit = False
    if not fit:
        raise ValueError("it must be postgresql://USER:PASSWORD@HOST/DATABASE")
    return url


def _of_redis(url: SecretStr) -> SecretStr:
    if not url.get_secret_value().startswith(("redis://", "rediss://")):
        raise ValueError("it must begin with redis:// or rediss://")
    return url


def _with_clients(path: Path) -> Path:
    Clients.read(path)
    return path


def _with_sources(path: Path) -> Path:
    try:
        load_sites(path)
    except SitesError as error:
        raise ValueError(str(error)) from error
    return path


class Settings(ServiceSettings):
    """Environment of collector."""

    max_body_bytes: int = Field(default=64_000, ge=1, le=1_000_000)
    role: Literal["all", "api", "worker"] = "all"
    """What this process does: take jobs, do them, or both."""

    data_dir: Path | None = None
    """Where the embedded database is; None means a temporary folder."""
    database_url: Annotated[SecretStr, AfterValidator(_of_postgresql)] | None = None
    """PostgreSQL; None means SQLite in `folder`."""
    database_pool_size: int = Field(default=10, ge=2, le=200)
    """Connections to PostgreSQL at most."""
    database_wait_seconds: float = Field(default=30.0, ge=0, le=3_600)
    """How long a start waits for PostgreSQL."""
    redis_url: Annotated[SecretStr, AfterValidator(_of_redis)] | None = None
    """What tells workers of new jobs at once; without it they look every `poll_seconds`."""

    sources_file: Annotated[Path, AfterValidator(_with_sources)] | None = None
    """What this site may reach; None means public APIs without secrets."""
    clients_file: Annotated[Path, AfterValidator(_with_clients)] | None = None
    """Who may ask; None means anybody, told apart by address."""

    max_active_jobs_per_client: int = Field(default=20, ge=1, le=100_000)
    """Jobs of one client that are not finished."""
    max_jobs_per_minute_per_client: int = Field(default=60, ge=1, le=100_000)
    max_queued_jobs: int = Field(default=10_000, ge=1, le=10_000_000)
    """Jobs of all clients that wait."""
    max_concurrent_downloads: int = Field(default=10, ge=1, le=1_000)
    download_timeout_seconds: float = Field(default=3_600.0, gt=0, le=86_400)
    """Longest time that one download may take."""

    worker_concurrency: int = Field(default=4, ge=1, le=100)
    """Jobs that one process works on at once."""
    poll_seconds: float = Field(default=2.0, gt=0, le=300)
    """Time between two looks at the database for jobs that nobody told of."""
    lease_seconds: float = Field(default=30.0, ge=1, le=3_600)
    """How long after the last sign of life of a worker another one takes its job over."""
    job_timeout_seconds: float = Field(default=21_600.0, gt=0, le=604_800)
    """Longest time that one attempt of a job may take."""
    max_attempts: int = Field(default=5, ge=1, le=100)
    """Attempts without progress after which a job is dead."""
    retention_days: int = Field(default=30, ge=1, le=3_650)
    """How long finished jobs and their results are kept."""

    @property
    def folder(self) -> Path:
        """Where the embedded database is."""
        return self.data_dir or Path(tempfile.gettempdir(), _TEMPORARY_FOLDER)

    @property
    def is_embedded(self) -> bool:
        """Whether the database is a file of this process' own."""
        return self.database_url is None

    @property
    def storage_url(self) -> str:
        """The address of the database, which may hold a password."""
        if self.database_url:
            return self.database_url.get_secret_value()
        file = str(self.folder.absolute() / _SQLITE_FILE)
        return URL.create("sqlite", database=file).render_as_string(hide_password=False)

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.role != "all" and self.database_url is None:
            raise ValueError(
                f"ROLE={self.role} needs DATABASE_URL, because the embedded database and queue are "
                "one process' own; set it to the address of PostgreSQL or unset ROLE"
            )
        if self.redis_url is not None and self.database_url is None:
            raise ValueError(
                "REDIS_URL without DATABASE_URL has no use, because with the embedded database "
                "there is one process only; unset REDIS_URL or set DATABASE_URL"
            )
        if self.max_queued_jobs < self.max_active_jobs_per_client:
            raise ValueError(
                f"MAX_QUEUED_JOBS={self.max_queued_jobs} lets one client fill the queue; set it to "
                f"MAX_ACTIVE_JOBS_PER_CLIENT={self.max_active_jobs_per_client} at least"
            )
        return self
