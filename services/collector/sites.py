"""What this site may reach: the folders, databases, secrets and networks that jobs may name.

All of it is one JSON file of the operator, SOURCES_FILE. Jobs hold names only, so that a client
can reach nothing that the file does not give, and learns neither addresses nor passwords.
"""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, ValidationError
from pydantic_core import PydanticCustomError
from sqlalchemy import engine
from sqlalchemy.exc import ArgumentError
from yarl import URL

from services.collector.sources.addresses import NEVER, Network
from services.collector.triggers import Identifier, Name


class SitesError(ValueError):
    """The file of sources is missing or wrong; the message is one line and holds no secret."""


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise PydanticCustomError("absolute_path", "should be an absolute path")
    return path


def _origin(text: str) -> str:
    url = URL(text)
    if url.scheme not in {"http", "https"} or not url.host or url.origin() != url:
        raise PydanticCustomError(
            "origin", "should be a scheme, host and port, such as https://api.shop.example"
        )
    return str(url.origin())


def _database_url(text: str) -> str:
    try:
        url = engine.make_url(text)
    except ArgumentError:
        raise PydanticCustomError("database_url", "is no address of a database") from None
    if url.password is not None or "password" in url.query:
        raise PydanticCustomError(
            "database_password", "must not hold a password; put it in a password_file"
        )
    kind = url.get_backend_name()
    if kind == "postgresql" and url.host and url.database and url.drivername == kind:
        return text
    if text.startswith("sqlite:////") and url.database and not url.query:
        return text
    raise PydanticCustomError(
        "database_url", "should be postgresql://USER@HOST/DATABASE or sqlite:////FOLDER/FILE"
    )


def _network(value: object) -> Network:
    try:
        network = ip_network(str(value))
    except ValueError as error:
        raise PydanticCustomError("network", "{reason}", {"reason": str(error)}) from None
    for never in NEVER:
        # One that holds such a network among others, as 0.0.0.0/0, does not open it.
        if network.version == never.version and network.subnet_of(never):  # type: ignore[arg-type]
            raise PydanticCustomError(
                "network", "is link-local, metadata or multicast, which no job may reach"
            )
    return network


type AbsolutePath = Annotated[Path, AfterValidator(_absolute)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Secret(_Part):
    """A secret in a file of its own, and where it may be sent."""

    file: AbsolutePath
    origins: Annotated[list[Annotated[str, AfterValidator(_origin)]], Field(min_length=1)]


class DatabaseSite(_Part):
    """A database that jobs may read; its user should be able to read only."""

    url: Annotated[str, AfterValidator(_database_url)]
    password_file: AbsolutePath | None = None
    tables: list[Identifier] | None = None
    """Those that jobs may read, as TABLE or SCHEMA.TABLE; absent, all that the user may."""

    @property
    def address(self) -> engine.URL:
        """The URL, without a password."""
        return engine.make_url(self.url)


class Limits(_Part):
    """What one job may take from its source."""

    records: Annotated[int, Field(ge=1)] = 10_000_000
    pages: Annotated[int, Field(ge=1)] = 100_000
    """Answers of an API."""
    page_bytes: Annotated[int, Field(ge=1, le=1_000_000_000)] = 20_000_000
    """One answer, packed as sent and unpacked."""
    file_bytes: Annotated[int, Field(ge=1)] = 10_000_000_000
    """One file, packed and unpacked."""
    unpacking_ratio: Annotated[int, Field(ge=2)] = 200
    """Most bytes that one packed byte of a file may become, from the first megabyte on."""
    line_bytes: Annotated[int, Field(ge=1_000, le=100_000_000)] = 2_000_000
    """One line of a CSV or NDJSON file, and one record of a JSON file."""
    columns: Annotated[int, Field(ge=1, le=10_000)] = 1_000
    statement_seconds: Annotated[float, Field(gt=0, le=3_600)] = 30.0
    """One statement of a database."""
    batch_rows: Annotated[int, Field(ge=1, le=10_000)] = 1_000


class Sites(_Part):
    """The whole file."""

    files: dict[Name, AbsolutePath] = Field(default_factory=dict)
    databases: dict[Name, DatabaseSite] = Field(default_factory=dict)
    secrets: dict[Name, Secret] = Field(default_factory=dict)
    networks: list[Annotated[Network, PlainValidator(_network)]] = Field(default_factory=list)
    """Private networks that API sources may reach; public addresses need no entry."""
    limits: Limits = Field(default_factory=Limits)


def load_sites(path: Path | None) -> Sites:
    """Read the file; without one, public APIs without secrets are all that can be reached.

    Raises:
        SitesError: the file cannot be read or is wrong.
    """
    if path is None:
        return Sites()
    try:
        return Sites.model_validate_json(path.read_bytes())
    except OSError as error:
        raise SitesError(f"SOURCES_FILE={path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        # Without the input: it may be a password at a wrong place.
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc']) or 'the file'}: "
            + " ".join(problem["msg"].split())
            for problem in error.errors(include_url=False, include_context=False)[:5]
        )
        raise SitesError(f"SOURCES_FILE={path} is wrong: {wrong}") from None
