"""Every way of paging gives all records once, also when it is resumed after any page."""

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from services.collector.sources.base import SourceError
from services.collector.tests.sources.collecting_all import (
    assert_resumes_exactly,
    batches_of,
    values_of,
)
from services.collector.tests.sources.web import Handler, api, serving, with_limits, with_secret

_LINK = {"kind": "link"}
_CURSOR = {"kind": "cursor", "parameter": "after", "next": "meta.next"}


def offset(size: int) -> dict[str, Any]:
    """Return the paging of a client that wants pages of a size."""
    return {"kind": "offset", "parameter": "skip", "limit_parameter": "take", "size": size}


class Shop:
    """An API that pages in every way, in pages of at most `size`."""

    def __init__(self, records: list[Any], size: int) -> None:
        self.records = records
        self.size = size
        self.requests = 0

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests += 1
        start = int(request.query.get("after", request.query.get("skip", "0")))
        size = min(self.size, int(request.query.get("take", self.size)))
        page = self.records[start : start + size]
        end = start + size
        following = end if end < len(self.records) else None
        headers = {}
        if following is not None:
            target = request.url.update_query(after=str(following))
            headers["Link"] = f'<{target.path_qs}>; rel="next", </>; rel="first"'
        return web.json_response({"items": page, "meta": {"next": following}}, headers=headers)


_RECORDS = st.lists(
    st.one_of(
        st.fixed_dictionaries({"record_id": st.text(max_size=3), "at": st.integers(0, 2)}),
        st.integers(),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["link", "cursor", "offset"]), _RECORDS, st.integers(1, 5), st.integers(1, 5)
)
async def test_a_run_killed_after_any_page_and_resumed_gives_every_record_once(
    kind: str, records: list[Any], size: int, wanted: int
) -> None:
    # Pages that are equal are what a server gives that ignores the offset.
    records = [
        {**record, "number": number} if isinstance(record, dict) else [record, number]
        for number, record in enumerate(records)
    ]
    paging = {"link": _LINK, "cursor": _CURSOR, "offset": offset(wanted)}[kind]
    async with serving(Shop(records, size)) as origin:
        batches = await assert_resumes_exactly(
            lambda: api(f"{origin}/sales?shop=7", records="items", paging=paging)
        )

    assert [record for record in records if isinstance(record, dict)] == values_of(batches)
    rejected = sum(len(batch.rejects) for batch in batches)
    assert len(records) == rejected + len(values_of(batches))


async def test_a_page_that_is_not_full_is_not_the_end() -> None:
    async with serving(Shop([{"record_id": n} for n in range(7)], 2)) as origin:
        batches = await batches_of(api(origin, records="items", paging=offset(500)))

    assert 7 == len(values_of(batches))


async def test_one_answer_is_all_without_paging() -> None:
    shop = Shop([{"record_id": "a"}], 1)
    async with serving(shop) as origin:
        await assert_resumes_exactly(lambda: api(origin, records="items"))

    assert 1 == shop.requests


async def test_positions_name_page_and_record() -> None:
    async with serving(Shop([{"record_id": n} for n in range(3)], 2)) as origin:
        batches = await batches_of(api(origin, records="items", paging=_CURSOR))

    positions = [row.position for batch in batches for row in batch.rows]
    assert ["page 1, record 1", "page 1, record 2", "page 2, record 1"] == positions


async def _same(_: web.BaseRequest) -> web.StreamResponse:
    return web.json_response([{"record_id": "a"}])


async def _circle(request: web.BaseRequest) -> web.StreamResponse:
    number = int(request.query.get("after", "0"))
    return web.json_response({"items": [{"record_id": number}], "meta": {"next": 1 + number % 5}})


async def _to_itself(_: web.BaseRequest) -> web.StreamResponse:
    return web.json_response([], headers={"Link": '</>; rel="next"'})


@pytest.mark.parametrize(
    ("handler", "config"),
    [
        (_same, {"paging": offset(1)}),
        (_circle, {"paging": _CURSOR, "records": "items"}),
        (_to_itself, {"paging": _LINK}),
    ],
)
async def test_pages_that_lead_back_end_the_job(handler: Handler, config: dict[str, Any]) -> None:
    async with serving(handler) as origin:
        with pytest.raises(SourceError, match="leads back") as caught:
            await batches_of(api(origin, **config))

    assert caught.value.permanent


async def _endless(request: web.BaseRequest) -> web.StreamResponse:
    number = int(request.query.get("skip", "0"))
    return web.json_response([{"record_id": number}])


@pytest.mark.parametrize("limit", ["pages", "records"])
async def test_pages_without_end_are_cut_off(limit: str) -> None:
    async with serving(_endless) as origin:
        with pytest.raises(SourceError, match=f"more than 10 {limit}") as caught:
            await batches_of(api(origin, with_limits(**{limit: 10}), paging=offset(1)))

    assert ("too-large", True) == (caught.value.kind, caught.value.permanent)


@pytest.mark.parametrize(
    "target",
    ["https://other.example/2", "http://127.0.0.1:9/2", "file:///etc/passwd", "http://a:b@HOST/"],
)
async def test_a_link_to_another_origin_is_not_followed(target: str) -> None:
    async def linked(request: web.BaseRequest) -> web.StreamResponse:
        link = target.replace("HOST", request.host)
        return web.json_response([], headers={"Link": f'<{link}>; rel="next"'})

    async with serving(linked) as origin:
        with pytest.raises(SourceError) as caught:
            await batches_of(api(origin, paging=_LINK))

    assert "bad-response" == caught.value.kind


@pytest.mark.parametrize("cursor", [{"a": 1}, [1], True, 1.5, "x" * 10_000])
async def test_a_cursor_that_is_none_ends_the_job(cursor: Any) -> None:
    async def paged(_: web.BaseRequest) -> web.StreamResponse:
        return web.json_response({"items": [], "meta": {"next": cursor}})

    async with serving(paged) as origin:
        with pytest.raises(SourceError) as caught:
            await batches_of(api(origin, paging=_CURSOR, records="items"))

    assert "bad-response" == caught.value.kind


async def test_a_cursor_is_sent_as_it_is_whatever_is_in_it() -> None:
    cursors = iter(["a&b=c#d", "%2e%2e/ +ü", None])
    seen: list[str | None] = []

    async def paged(request: web.BaseRequest) -> web.StreamResponse:
        seen.append(request.query.get("after"))
        assert set(request.query) <= {"after", "shop"}
        return web.json_response({"items": [], "meta": {"next": next(cursors)}})

    async with serving(paged) as origin:
        await batches_of(api(f"{origin}/?shop=7", paging=_CURSOR, records="items"))

    assert [None, "a&b=c#d", "%2e%2e/ +ü"] == seen


async def test_a_secret_in_the_next_place_is_not_written_to_the_checkpoint(tmp_path: Path) -> None:
    async def paged(request: web.BaseRequest) -> web.StreamResponse:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        return web.json_response([], headers={"Link": f'</?token={token}>; rel="next"'})

    async with serving(paged) as origin:
        sites = with_secret(tmp_path, "s3cret-value", origin)
        with pytest.raises(SourceError, match="holds the secret") as caught:
            await batches_of(api(origin, sites, paging=_LINK, auth={"secret": "shop-token"}))

    assert "s3cret-value" not in caught.value.detail


async def test_a_checkpoint_of_another_version_is_refused() -> None:
    with pytest.raises(SourceError) as caught:
        await batches_of(api("http://127.0.0.1:9/"), {"pages": "many"})

    assert "bad-checkpoint" == caught.value.kind
