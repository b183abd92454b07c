"""Records that an HTTP API gives, page by page: a page is a batch."""

from collections.abc import AsyncIterator
from hashlib import sha256
from ipaddress import ip_address
from socket import inet_aton, inet_ntoa
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, ValidationError
from yarl import URL

from services.collector.jobs import JsonObject, Reject
from services.collector.secrets import read_secret
from services.collector.sites import Sites
from services.collector.sources.addresses import refusal
from services.collector.sources.base import Batch, Row, SourceError
from services.collector.sources.documents import at_path, parse_json, why_not_json
from services.collector.sources.fetching import Fetcher, Page
from services.collector.sources.paging import address, next_place
from services.collector.triggers import ApiConfig, OffsetPaging

_CHARSETS = frozenset(
    {"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin1", "windows-1252", "utf-16"}
)


def check_api(config: ApiConfig, sites: Sites) -> None:
    """Refuse secrets and addresses that this site does not give, without resolving names.

    Raises:
        SourceError: permanent.
    """
    url = URL(config.url)
    if config.auth is not None:
        secret = sites.secrets.get(config.auth.secret)
        if secret is None:
            raise SourceError(
                "unknown-secret", f"this site has no secret {config.auth.secret!r}", permanent=True
            )
        if str(url.origin()) not in secret.origins:
            raise SourceError(
                "secret-not-for-origin",
                f"the secret {config.auth.secret!r} is not for {url.origin()}",
                permanent=True,
            )
    reason = _host_refusal((url.host or "").rstrip(".").lower(), sites)
    if reason is not None:
        raise SourceError("forbidden-address", reason, permanent=True)


def _host_refusal(host: str, sites: Sites) -> str | None:
    if host == "localhost":
        host = "127.0.0.1"
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        pass
    else:
        return refusal(host, sites.networks)
    try:
        # What the system's resolver takes for one: decimal, octal, hexadecimal, parts left out.
        meant = inet_ntoa(inet_aton(host)) if host.isascii() else None
    except OSError:
        return None
    return meant and f"write the address {host} as {meant}"


class _Place(BaseModel):
    """The checkpoint: the page that comes next."""

    at: str | None = None
    """As in `paging`."""
    done: bool = False
    pages: int = 0
    records: int = 0
    digest: str = ""
    """Of the last page, by which a server that ignores the offset is noticed."""
    mark: str | None = None
    """The place of page 1, 2, 4, 8 ...: it comes again when pages lead in a circle."""


class ApiSource:
    """As `Source`."""

    def __init__(self, config: ApiConfig, sites: Sites) -> None:
        self._config = config
        self._sites = sites

    async def batches(
        self, checkpoint: JsonObject | None, watermark: JsonObject | None
    ) -> AsyncIterator[Batch]:
        """As `Source.batches`; APIs have no watermark."""
        del watermark
        try:
            place = _Place.model_validate(checkpoint or {})
        except ValidationError:
            raise SourceError(
                "bad-checkpoint", "the job was begun by another version", permanent=True
            ) from None
        secret, origins = self._secret()
        async with Fetcher(self._config, self._sites, secret=secret, origins=origins) as fetcher:
            while not place.done:
                page = await fetcher.get(address(self._config, place.at))
                document = _document(page)
                records = self._records(document)
                self._check_amount(place, len(records))
                rows, rejects = _rows(records, place.pages + 1)
                place = self._after(place, page, document, len(records))
                _check_private(place.at, secret)
                yield Batch(rows, place.model_dump(mode="json"), rejects)

    def _secret(self) -> tuple[str | None, frozenset[str]]:
        if self._config.auth is None:
            return None, frozenset()
        known = self._sites.secrets[self._config.auth.secret]
        return read_secret(self._config.auth.secret, known.file), frozenset(known.origins)

    def _records(self, document: Any) -> list[Any]:
        found = at_path(document, self._config.records)
        if not isinstance(found, list):
            where = f"at {self._config.records!r}" if self._config.records else "as the document"
            raise SourceError("bad-response", f"an answer has no list {where}", permanent=True)
        return found

    def _check_amount(self, place: _Place, more: int) -> None:
        limits = self._sites.limits
        if place.pages >= limits.pages:
            raise SourceError("too-large", f"more than {limits.pages} pages", permanent=True)
        if place.records + more > limits.records:
            raise SourceError("too-large", f"more than {limits.records} records", permanent=True)

    def _after(self, place: _Place, page: Page, document: Any, records: int) -> _Place:
        following = next_place(self._config, place.at, page, document, records)
        number = place.pages + 1
        digest = sha256(page.body).hexdigest() if _counts(self._config) else ""
        circle = following is not None and following in {place.at, place.mark}
        if circle or (digest and records and digest == place.digest):
            raise SourceError(
                "bad-response", f"page {number} leads back to one before it", permanent=True
            )
        return _Place(
            at=following,
            done=following is None,
            pages=number,
            records=place.records + records,
            digest=digest,
            mark=place.at if number.bit_count() == 1 else place.mark,
        )


def _check_private(at: str | None, secret: str | None) -> None:
    """Refuse to write a secret into a checkpoint."""
    if at and secret and (secret in at or quote(secret, safe="") in at):
        raise SourceError("bad-response", "the next page's place holds the secret", permanent=True)


def _counts(config: ApiConfig) -> bool:
    return isinstance(config.paging, OffsetPaging)


def _document(page: Page) -> Any:
    media_type, *parameters = page.headers.get("Content-Type", "").lower().split(";")
    media_type = media_type.strip()
    if media_type not in {"application/json", "text/json"} and not media_type.endswith("+json"):
        raise SourceError(
            "bad-response",
            f"an answer is {ascii(media_type[:60]) if media_type else 'nameless'}, not JSON",
            permanent=True,
        )
    charset = "utf-8"
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset":
            charset = value.strip().strip('"')
    if charset not in _CHARSETS:
        raise SourceError(
            "bad-encoding", f"an answer is in {charset[:40]!a}, not UTF-8", permanent=True
        )
    try:
        return parse_json(page.body if charset == "utf-8" else page.body.decode(charset).encode())
    except ValueError as error:
        raise _unreadable(page.body, charset, error) from None


def _unreadable(body: bytes, charset: str, error: ValueError) -> SourceError:
    try:
        body.decode(charset)
    except UnicodeDecodeError as wrong:
        return SourceError(
            "bad-encoding", f"an answer is not {charset} from byte {wrong.start} on", permanent=True
        )
    return SourceError(
        "bad-response", f"an answer is not JSON: {why_not_json(error)}", permanent=True
    )


def _rows(records: list[Any], page: int) -> tuple[list[Row], list[Reject]]:
    rows: list[Row] = []
    rejects: list[Reject] = []
    for number, values in enumerate(records, 1):
        position = f"page {page}, record {number}"
        if isinstance(values, dict):
            rows.append(Row(position, values))
        else:
            rejects.append(Reject(position, None, "is not an object"))
    return rows, rejects
