"""The same pipeline gives the same result in plain Python and with pandas, whatever the records."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libs.contracts.records import RecordIn, RecordOut
from services.data_processor import columnar, plain
from services.data_processor.cleaned import FIELDS, Cleaned
from services.data_processor.duplicates import SeenByDigest, SeenExactly
from services.data_processor.pipeline import PIPELINE
from services.data_processor.plan import Plan, make_plan
from services.data_processor.rejects import judge

type Row = dict[str, Any]

_often = st.sampled_from
EXAMPLES = 150

TEXTS = {
    "record_id": ["1", "2", "3", "till-7/41", "a b", "", "x" * 129, "é", "a\nb"],
    "source": ["tills", "web", "Tills", "", "a" * 65],
    "sku": ["APPLE", "PEAR", "-", ""],
    "kind": ["sale", "stock", "Sale", ""],
    "unit": ["kg", "KG", "lb", "each", "t", "mg", "crate", "parsec", "k g", ""],
    "occurred_at": [
        "2026-11-20T11:00:00+01:00",
        "2026-11-20T10:00:00Z",
        "2026-03-29T00:59:59.999999Z",
        "2026-03-29T02:30:00",
        "2026-10-25T00:30:00Z",
        "2026-10-25T01:30:00Z",
        "2026-10-25T02:30:00",
        "2026-10-25 12:00",
        "2026-02-30T10:00",
        "2026-11-20t10:00:00z",
        "2026-11-20T10:00:60Z",
        "2026-02-30T10:00:00Z",
        "2026-11-20T24:00:00Z",
        "2026-11-20T10:00:00+24:00",
        "2026-11-20T10:00:00-05:30",
        "2026-11-20T10:00:00.1234567Z",
        "1899-12-31T23:59:59Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59Z",
        "1800000000",
        "",
    ],
    "price": ["1.99", "0", "999999999999.999999", "12.5", "1e3", "1,99", "-1", "0.1234567"],
    "currency": ["EUR", "USD", "JPY", "eur", ""],
}
GOOD = {
    "record_id": st.integers(1, 9).map(str),
    "source": _often(["tills", "web"]),
    "sku": _often(["APPLE", "PEAR"]),
    "kind": _often(["sale", "stock"]),
    "unit": _often(["kg", "lb", "Dozen", "each"]),
    "occurred_at": st.datetimes().map(lambda moment: moment.isoformat() + "+00:00"),
    "price": st.decimals(0, 10**6, places=2).map(str),
    "currency": _often(["EUR", "USD"]),
}
numbers = (
    st.floats(-2e9, 2e9)
    | st.integers(-1000, 1000).map(lambda whole: whole / 8)
    | _often([float("nan"), float("inf"), -float("inf"), -0.0, 1e-7, 0.0000005, 1e9, -1e9])
)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """Return a record, most often good, else wrong or odd in some fields."""
    odd = draw(st.sets(st.sampled_from(FIELDS), max_size=2))
    row: Row = {"quantity": draw(numbers)}
    for name, good in GOOD.items():
        row[name] = draw(_often(TEXTS[name]) | st.text(max_size=5)) if name in odd else draw(good)
    if draw(st.booleans()):
        row["price"] = row["currency"] = None
    if draw(st.integers(0, 9)) == 0:
        row[draw(_often(["price", "currency"]))] = None
    return row


windows = st.none() | st.fixed_dictionaries(
    {
        "size": _often(["hour", "day", "week", "month"]),
        "time_zone": _often(
            ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Africa/Monrovia"]
        ),
    }
)
CRATE = {"crate": {"base": "each", "factor": "24"}, "kg": {"base": "kg", "factor": "1"}}
steps: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "localise_times": st.fixed_dictionaries({"time_zone": _often(["UTC", "Europe/Berlin"])}),
    "normalise_units": st.just({"units": CRATE}),
    "convert_currency": st.fixed_dictionaries(
        {"to": _often(["EUR", "USD"]), "rates": st.just({"USD": "0.92", "EUR": "1.000000001"})}
    ),
    "deduplicate": st.just({}),
    "aggregate": st.fixed_dictionaries(
        {"by": st.lists(_often(["sku", "source"]), max_size=2), "window": windows}
    ),
}


@st.composite
def pipelines(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Return a pipeline with some of the operations."""
    wanted = [name for name in steps if draw(st.booleans())]
    return [{"operation": name, **draw(steps[name])} for name in wanted]


def plan(pipeline: Sequence[object], *, exactly: bool) -> Plan:
    """Return a fresh plan."""
    return make_plan(
        PIPELINE.validate_python(pipeline),
        default_rates=None,
        seen=SeenExactly() if exactly else SeenByDigest(most=1000),
        max_groups=1000,
    )


def frame(records: Sequence[Row], first: int, *, as_text: bool) -> pd.DataFrame:
    """Return records as the readers of files give them; numbers as texts, as CSV has them."""
    table = pd.DataFrame({name: [row[name] for row in records] for name in FIELDS}, dtype=object)
    table["quantity"] = table["quantity"].map(repr) if as_text else table["quantity"].astype(float)
    texts = [name for name in FIELDS if name != "quantity" or as_text]
    table = table.astype(dict.fromkeys(texts, "str"))
    return table.assign(row=range(first, first + len(records)))


def written(records: Cleaned | pd.DataFrame) -> list[tuple[Any, ...]]:
    """Return records as tuples of plain values, with times in ISO format."""
    table = columnar.as_frame(records) if isinstance(records, Cleaned) else records
    return [
        tuple(None if pd.isna(value) else str(value) for value in row)
        for row in table.itertuples(index=False, name=None)
    ]


@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
)  # fmt: skip
@given(
    chunks=st.lists(st.lists(rows(), max_size=6), min_size=1, max_size=3),
    pipeline=pipelines(),
    as_text=st.booleans(),
)
def test_the_same_pipeline_gives_the_same_both_ways(
    chunks: list[list[Row]], pipeline: list[dict[str, Any]], as_text: bool
) -> None:
    simple, tabular = plan(pipeline, exactly=True), plan(pipeline, exactly=False)
    first = 1
    for records in chunks:
        known = [{k: v for k, v in row.items() if v is not None} for row in records]
        expected = plain.transform(known, range(first, first + len(known)), simple)
        actual = columnar.transform(frame(records, first, as_text=as_text), tabular)
        assert expected.rejects == actual.rejects
        assert written(expected.records) == written(actual.records)
        assert expected.duplicates == actual.duplicates
        first += len(records)
    if simple.groups and tabular.groups:
        assert simple.groups.rows() == tabular.groups.rows()


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None)
@given(records=st.lists(rows(), max_size=8))
def test_a_record_is_taken_just_when_the_contract_takes_it(records: list[Row]) -> None:
    cleaned, rejects = plain.clean(records, range(len(records)), plan([], exactly=True).rules)
    own = {"unknown_unit", "quantity_range", "price_range", "time_range"}
    refused = {reject.row for reject in rejects if reject.code not in own}
    for number, record in enumerate(records):
        assert isinstance(judge(number, record), RecordIn) == (number not in refused)
    for document in cleaned.documents():
        RecordOut.model_validate(document)


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None)
@given(records=st.lists(rows(), min_size=2, max_size=8), data=st.data())
def test_one_bad_record_changes_nothing_for_the_others(
    records: list[Row], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(records) - 1))
    spoilt = [*records[:place], {**records[place], "kind": []}, *records[place + 1 :]]
    rules = plan([], exactly=True).rules
    before, _ = plain.clean(records, range(len(records)), rules)
    after, rejects = plain.clean(spoilt, range(len(records)), rules)
    assert place in {reject.row for reject in rejects}
    assert [r for r in written(before) if r[0] != str(place)] == written(after)
