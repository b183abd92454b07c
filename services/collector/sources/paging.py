"""Where an API's next page is.

A place is a text: the address of a linked page, the value of a cursor, or the records passed over.
"""

from typing import Any

from yarl import URL

from services.collector.sources.base import SourceError
from services.collector.sources.documents import at_path
from services.collector.sources.fetching import Page
from services.collector.triggers import ApiConfig, CursorPaging, LinkPaging, OffsetPaging

_LONGEST_PLACE = 8_000


def address(config: ApiConfig, place: str | None) -> URL:
    """Return the address of the page at a place; of the first, for None."""
    url = URL(config.url)
    match config.paging:
        case LinkPaging() if place is not None:
            return URL(place)
        case CursorPaging(parameter=parameter) if place is not None:
            return url.update_query({parameter: place})
        case OffsetPaging() as paging:
            return url.update_query(
                {paging.parameter: place or "0", paging.limit_parameter: str(paging.size)}
            )
    return url


def next_place(
    config: ApiConfig, place: str | None, page: Page, document: Any, records: int
) -> str | None:
    """Return the place after a page with that many records; None at the end.

    Raises:
        SourceError: the page says something that is no place.
    """
    found: str | None = None
    match config.paging:
        case LinkPaging():
            found = _linked(config, page)
        case CursorPaging(next=path):
            found = _cursor(at_path(document, path))
        case OffsetPaging():
            # A page that is not full is not the end: servers may give fewer than asked for.
            found = str(int(place or "0") + records) if records else None
    if found is not None and len(found) > _LONGEST_PLACE:
        raise SourceError("bad-response", "the next page's place is too long", permanent=True)
    return found


def _linked(config: ApiConfig, page: Page) -> str | None:
    target = page.links.get("next")
    if target is None:
        return None
    if target.scheme not in {"http", "https"} or not target.host:
        raise SourceError("bad-response", "the next page has no web address", permanent=True)
    if target.origin() not in {URL(config.url).origin(), page.url.origin()}:
        raise SourceError(
            "bad-response",
            f"the next page is said to be at {target.origin()}, another origin",
            permanent=True,
        )
    if target.user is not None or target.password is not None:
        raise SourceError("bad-response", "the next page's address has a user", permanent=True)
    return str(target.with_fragment(None))


def _cursor(value: Any) -> str | None:
    if value is None or value == "" or value is False:
        return None
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value)
    raise SourceError("bad-response", "the next page's cursor is no text", permanent=True)
