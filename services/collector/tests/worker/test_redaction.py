"""Nothing that is written holds a secret."""

import json
from typing import Any
from urllib.parse import quote, quote_plus

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.collector.jobs import JobProblem, Record, Reject
from services.collector.redaction import MARK, Redactor
from services.collector.shaping import Shaper
from services.collector.sources.base import Row

SECRET = 'p/w"ü \\+1'


def record(body: Any) -> Record:
    """Return a record, as shaping makes it."""
    return Record("a", orjson.dumps(body, option=orjson.OPT_SORT_KEYS).decode())


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        json.dumps(SECRET),
        orjson.dumps({"token": SECRET}).decode(),
        json.dumps({"url": f"https://api/?t={SECRET}"}).replace("/", "\\/"),
        quote(SECRET, safe=""),
        quote(SECRET),
        quote(SECRET, safe="").lower(),
        quote_plus(SECRET),
    ],
)
def test_a_secret_is_found_however_a_source_wrote_it(written: str) -> None:
    redactor = Redactor([SECRET])
    assert MARK in redactor.text(f"before {written} after")
    clean = redactor.record(record({"echo": f"x {written} y"}))
    assert MARK in clean.body


def test_secrets_are_replaced_in_names_lists_numbers_and_ids() -> None:
    redactor = Redactor(["hunter22", "12345678"])
    clean = redactor.record(
        Record(
            "id-hunter22",
            '{"hunter22":["hunter22",{"a":12345678}],"n":123456789,"price":1.5,"on":true}',
        )
    )
    assert f"id-{MARK}" == clean.record_id
    assert {
        MARK: [MARK, {"a": MARK}],
        "n": 123456789,
        "price": 1.5,
        "on": True,
    } == json.loads(clean.body)


def test_problems_and_rejects_are_cleaned() -> None:
    redactor = Redactor(["hunter22"])
    assert JobProblem("kind", f"at {MARK}") == redactor.problem(JobProblem("kind", "at hunter22"))
    assert Reject(f"page {MARK}", f"{MARK}.x", MARK) == redactor.reject(
        Reject("page hunter22", "hunter22.x", "hunter22")
    )
    assert Reject("line 1", None, "why") == redactor.reject(Reject("line 1", None, "why"))


def test_of_a_secret_within_another_nothing_is_left() -> None:
    assert f"{MARK} {MARK}" == Redactor(["hunter", "hunter22"]).text("hunter22 hunter")


def test_a_record_without_secrets_stays_the_same_to_the_byte() -> None:
    kept = Record("a", '{"b":1e400,"a":1.10}')  # neither sorted nor what orjson would write
    assert kept == Redactor(["hunter22"]).record(kept)
    assert kept == Redactor([]).record(kept)
    assert kept == Redactor([""]).record(kept)


def test_a_checkpoint_with_a_secret_is_known() -> None:
    redactor = Redactor(["hunter22"])
    assert redactor.is_clean(None)
    assert redactor.is_clean({"page": 2, "after": [1.5, None]})
    assert not redactor.is_clean({"next": ["https://api/?token=hunter22"]})
    assert not redactor.is_clean({"hunter22": 1})


# No brackets, or a mark and its neighbours could be a secret anew.
_characters = st.characters(codec="utf-8", exclude_characters="[]\0")
_secrets = st.lists(st.text(_characters, min_size=8, max_size=12), min_size=1, max_size=3)


@given(_secrets, st.data())
def test_no_record_holds_a_secret(secrets: list[str], data: st.DataObject) -> None:
    secret = data.draw(st.sampled_from(secrets))
    written = data.draw(
        st.sampled_from(
            [
                lambda text: text,
                lambda text: json.dumps(text)[1:-1],
                lambda text: orjson.dumps(text).decode()[1:-1],
                lambda text: quote(text, safe=""),
            ]
        )
    )(secret)
    around = st.text(_characters, max_size=5)
    text = data.draw(around) + written + data.draw(around)
    place = data.draw(
        st.sampled_from(
            [
                lambda text: {"value": text},
                lambda text: {"list": [1, [text]]},
                lambda text: {text: 1},
                lambda text: {"object": {"in": {text: text}}},
            ]
        )
    )
    shaped = Shaper({}).shaped(Row("line 1", {"record_id": "id" + written, **place(text)}))
    assert isinstance(shaped, Record)
    redactor = Redactor(secrets)
    clean = redactor.record(shaped)
    for texts in (clean.record_id, *_texts(json.loads(clean.body))):
        assert all(each not in texts for each in secrets)
        assert written not in texts
    assert clean == redactor.record(clean)


def _texts(value: Any) -> list[str]:
    match value:
        case str():
            return [value]
        case dict():
            return [text for name, of in value.items() for text in [name, *_texts(of)]]
        case list():
            return [text for of in value for text in _texts(of)]
    return []
