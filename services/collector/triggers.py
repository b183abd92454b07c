"""What a client asks to be collected: one model for each type of source.

The models hold names of secrets, connections and folders, which the site's own file gives meaning
to (`sites`), and never SQL. What they accept is written as JSON by `config_json`, stored with the
job, and read again by `parse_config`.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError
from yarl import URL

from libs.contracts.models import RequestModel
from services.collector.jobs import JsonObject, SourceType

_NO_CONTROLS = r"^[^\x00-\x1f\x7f]+$"
_TOKEN = r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"  # noqa: S105 -- RFC 9110's name of what a header's name is

type Name = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", examples=["shop-token"])
]
"""Of something that the site's file declares."""
type Path = Annotated[str, Field(pattern=_NO_CONTROLS, max_length=200, examples=["data.items"])]
"""A field of a record; a field within a field is written with a dot between."""
type FieldName = Annotated[str, Field(pattern=_NO_CONTROLS, max_length=200)]
type Identifier = Annotated[str, Field(pattern=_NO_CONTROLS, max_length=128, examples=["sales"])]
"""Looked up in the database's own catalogue, so that it cannot be anything but a name."""
type Parameter = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.\[\]-]{1,64}$", examples=["page"])]
type Scalar = (
    Annotated[str, Field(max_length=10_000)]
    | bool
    | Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
    # Within what keeps a unit apart from the next; an integer beyond the others is not rounded.
    | Annotated[float, Field(ge=-1e15, le=1e15, allow_inf_nan=False)]
    | None
)

_SENT_HEADERS = ("accept", "accept-language", "prefer", "user-agent")
_FORWARDING = re.compile(r"x-(forwarded|real|original|client|cluster|host|rewrite|http)", re.I)
_SECRET_WORDS = re.compile(r"auth|cookie|credential|key|passw|secret|session|signature|token", re.I)
_SECRET_PARAMETERS = frozenset(
    {"access_token", "api_key", "apikey", "auth_token", "client_secret", "password", "secret"}
)
_CONNECTION_HEADERS = frozenset(
    {
        "accept-encoding", "connection", "content-encoding", "content-length", "content-type",
        "cookie", "expect", "host", "keep-alive", "range", "te", "trailer", "transfer-encoding",
        "upgrade", "via",
    }
)  # fmt: skip


def _web_address(text: str) -> str:
    try:
        url = URL(text)
        fit = url.scheme in {"http", "https"} and bool(url.host) and url.port is not None
        (url.host or "").encode("idna")  # as for the resolver
    except ValueError:
        fit = False
    if not fit or url.fragment:
        raise PydanticCustomError(
            "web_address", "should be an http or https address with a host and no fragment"
        )
    if url.user is not None or url.password is not None:
        raise PydanticCustomError(
            "web_address_user", "must not hold a user or password; name a secret in auth"
        )
    private = _SECRET_PARAMETERS.intersection(name.lower() for name in url.query)
    if private:
        raise PydanticCustomError(
            "web_address_secret",
            "must not hold {name}; name a secret in auth instead",
            {"name": min(private)},
        )
    return text


def _safe_headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    for name in headers:
        if _SECRET_WORDS.search(name):
            raise PydanticCustomError(
                "secret_header", "{name} looks like a secret; name one in auth", {"name": name}
            )
        if name.lower() in _SENT_HEADERS:
            continue
        if not name.lower().startswith("x-") or _FORWARDING.match(name):
            raise PydanticCustomError(
                "unsafe_header",
                "{name} cannot be sent; {known} and X- headers that name no client or host can",
                {"name": name, "known": ", ".join(_SENT_HEADERS)},
            )
    if len({name.lower() for name in headers}) < len(headers):
        raise PydanticCustomError("repeated_header", "a header comes once, whatever its case")
    return headers


def _own_header(name: str) -> str:
    if name.lower() in _CONNECTION_HEADERS or name.lower().startswith("proxy-"):
        raise PydanticCustomError("unsafe_header", "{name} cannot carry a secret", {"name": name})
    return name


def _relative(path: str) -> str:
    parts = path.split("/")
    if any(part in {"", ".", ".."} for part in parts):
        raise PydanticCustomError(
            "relative_path", "should be names with / between them, below the root, without . or .."
        )
    return path


class Shape(RequestModel):
    """How a row becomes a record."""

    record_id: Path = "record_id"
    """The field that names a row at its source: rows that come again are known by it."""
    fields: Annotated[Mapping[FieldName, Path], Field(min_length=1, max_length=1_000)] | None = None
    """The record's fields and where in the row they are; absent, the row's fields as they are."""
    constants: Annotated[Mapping[FieldName, Scalar], Field(max_length=100)] = Field(
        default_factory=dict
    )
    """Fields that are the same in every record."""


class Auth(RequestModel):
    """The header that a secret is sent in, to the origins that the site's file gives it."""

    secret: Name
    header: Annotated[str, Field(pattern=_TOKEN, max_length=64), AfterValidator(_own_header)] = (
        "Authorization"
    )
    scheme: Annotated[str, Field(pattern=r"^([!#$%&'*+.^_`|~0-9A-Za-z-]+)?$", max_length=32)] = (
        "Bearer"
    )
    """Comes before the secret, with a space; empty when the header is the secret alone."""


class NoPaging(RequestModel):
    """One answer has all records."""

    kind: Literal["none"]


class LinkPaging(RequestModel):
    """Each answer names the next in its Link header, as RFC 8288 has it."""

    kind: Literal["link"]


class CursorPaging(RequestModel):
    """Each answer has, in a field, what the next is asked for with; absent or null at the end."""

    kind: Literal["cursor"]
    parameter: Parameter
    next: Path


class OffsetPaging(RequestModel):
    """Each request says how many records to pass over; an answer without records is the end."""

    kind: Literal["offset"]
    parameter: Parameter = "offset"
    limit_parameter: Parameter = "limit"
    size: Annotated[int, Field(ge=1, le=10_000)] = 500


type Paging = Annotated[
    NoPaging | LinkPaging | CursorPaging | OffsetPaging, Field(discriminator="kind")
]


def _no_paging() -> NoPaging:
    return NoPaging(kind="none")


class ApiConfig(RequestModel):
    """Records that an HTTP API answers `GET` with, as JSON."""

    url: Annotated[
        str,
        Field(
            pattern=r"^https?://[!-~]+$",
            max_length=2_000,
            examples=["https://api.shop.example/v1/sales"],
        ),
        AfterValidator(_web_address),
    ]
    headers: Annotated[
        Mapping[
            Annotated[str, Field(pattern=_TOKEN, max_length=64)],
            Annotated[str, Field(pattern=r"^[!-~]([ -~]*[!-~])?$", max_length=1_000)],
        ],
        Field(max_length=20),
        AfterValidator(_safe_headers),
    ] = Field(default_factory=dict)
    auth: Auth | None = None
    records: Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=200)] = ""
    """Where in an answer the list of records is; empty when the answer is the list."""
    paging: Paging = Field(default_factory=_no_paging)
    requests_per_second: Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)] = 5.0
    timeout_seconds: Annotated[float, Field(ge=0.1, le=300, allow_inf_nan=False)] = 30.0
    """For one answer, to its last byte."""
    shape: Shape = Field(default_factory=Shape)


class DatabaseConfig(RequestModel):
    """Rows of a table or view of a database that the site's file declares."""

    # `schema` is the word that databases have, and a method that Pydantic's models once had.
    model_config = ConfigDict(serialize_by_alias=True)

    connection: Name
    table: Identifier
    schema_name: Annotated[Identifier | None, Field(alias="schema")] = None
    columns: Annotated[list[Identifier], Field(min_length=1, max_length=1_000)] | None = None
    """Those to read; absent, all."""
    cursor_column: Identifier | None = None
    """Rows come in its order; it only grows from row to row, as a number or a time of change."""
    where: Annotated[Mapping[Identifier, Scalar], Field(max_length=20)] = Field(
        default_factory=dict
    )
    """Values that columns must have; null for those that have none."""
    series: Name | None = None
    """Jobs of one client and series each begin after the rows of the last that succeeded."""
    shape: Shape = Field(default_factory=Shape)

    @model_validator(mode="after")
    def _series_has_order(self) -> Self:
        if self.series is not None and self.cursor_column is None:
            raise PydanticCustomError("series_order", "a series needs a cursor_column")
        return self


type FileFormat = Literal["csv", "json", "ndjson", "parquet"]


class FileConfig(RequestModel):
    """Records of one file below a folder that the site's file declares."""

    root: Name
    path: Annotated[
        str,
        Field(pattern=_NO_CONTROLS, max_length=1_000, examples=["2026/sales.csv.gz"]),
        AfterValidator(_relative),
    ]
    format: FileFormat | None = None
    """Absent, the path's extension says it: .csv, .json, .ndjson, .jsonl, .parquet, or one with
    .gz."""
    delimiter: Literal[",", ";", "\t", "|"] = ","
    encoding: Literal["utf-8", "iso-8859-1", "windows-1252"] = "utf-8"
    """Of CSV; the other formats are UTF-8 by their own rules."""
    records: Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=200)] = ""
    """Where in a JSON file the list of records is; empty when the file is the list."""
    shape: Shape = Field(default_factory=Shape)


type Config = ApiConfig | DatabaseConfig | FileConfig


class ApiTrigger(RequestModel):
    """A job that collects from an HTTP API."""

    source_type: Literal["api"]
    config: ApiConfig


class DatabaseTrigger(RequestModel):
    """A job that collects from a database."""

    source_type: Literal["database"]
    config: DatabaseConfig


class FileTrigger(RequestModel):
    """A job that collects from a file."""

    source_type: Literal["file"]
    config: FileConfig


type TriggerIn = Annotated[
    ApiTrigger | DatabaseTrigger | FileTrigger, Field(discriminator="source_type")
]

_CONFIGS: dict[SourceType, type[ApiConfig | DatabaseConfig | FileConfig]] = {
    "api": ApiConfig,
    "database": DatabaseConfig,
    "file": FileConfig,
}
TRIGGER: TypeAdapter[ApiTrigger | DatabaseTrigger | FileTrigger] = TypeAdapter(TriggerIn)


def config_json(config: Config) -> JsonObject:
    """Return a config as it is stored: two that mean the same are equal."""
    return config.model_dump(mode="json", by_alias=True)


def parse_config(source_type: SourceType, config: JsonObject) -> Config:
    """Return what `config_json` wrote. Raise ValidationError when it is not that."""
    return _CONFIGS[source_type].model_validate(config)
