"""Predictions over HTTP, by rows and by columns."""

from pathlib import Path

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.model_service.features import FEATURE_NAMES, FEATURES
from services.model_service.manifest import Manifest
from services.model_service.messages import MAX_ROWS
from services.model_service.tests.helpers import PREDICT, ROW
from services.model_service.verified_model import load


def _values(minimum: float, maximum: float, *, whole: bool) -> st.SearchStrategy[float]:
    if whole:
        return st.integers(int(minimum), int(maximum)).map(float)
    return st.floats(minimum, maximum, width=32)


ROWS = st.lists(
    st.fixed_dictionaries({f.name: _values(f.minimum, f.maximum, whole=f.whole) for f in FEATURES}),
    min_size=1,
    max_size=20,
)


async def test_the_golden_rows_give_what_training_saw(
    client: httpx.AsyncClient, trained: Path
) -> None:
    for version in ("1", "2"):
        text = (trained / "demand" / version / "manifest.json").read_text()
        golden = Manifest.model_validate_json(text).golden
        rows = [dict(zip(FEATURE_NAMES, row, strict=True)) for row in golden.rows]
        response = await client.post(f"{PREDICT}?version={version}", json={"rows": rows})
        assert response.status_code == 200
        answer = response.json()
        assert ("demand", version) == (answer["model"], answer["version"])
        assert answer["predictions"] == pytest.approx(golden.units, rel=1e-3)


async def test_without_a_version_the_active_one_answers(client: httpx.AsyncClient) -> None:
    active = (await client.post(PREDICT, json={"rows": [ROW]})).json()
    named = (await client.post(f"{PREDICT}?version=2", json={"rows": [ROW]})).json()
    other = (await client.post(f"{PREDICT}?version=1", json={"rows": [ROW]})).json()
    assert active == named
    assert active["predictions"] != other["predictions"]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=ROWS)
async def test_rows_and_columns_give_the_same_finite_units(
    client: httpx.AsyncClient, trained: Path, rows: list[dict[str, float]]
) -> None:
    columns = {name: [row[name] for row in rows] for name in FEATURE_NAMES}
    by_rows = await client.post(PREDICT, json={"rows": rows})
    by_columns = await client.post(PREDICT, json={"columns": columns})
    assert by_rows.status_code in {200, 422}, by_rows.text
    assert by_columns.status_code == by_rows.status_code
    if by_rows.status_code == 200:
        assert by_rows.json() == by_columns.json()
        assert len(by_rows.json()["predictions"]) == len(rows)
        assert all(units >= 0 for units in by_rows.json()["predictions"])


async def test_each_row_is_predicted_by_itself(trained: Path) -> None:
    model = load(trained / "demand" / "2")
    rows = np.array(model.manifest.golden.rows, dtype=np.float32)
    together = model.predict(rows)
    alone = [float(model.predict(row[np.newaxis])[0]) for row in rows]
    assert alone == pytest.approx(together.tolist(), rel=1e-5)


async def test_more_promotion_means_more_units(client: httpx.AsyncClient) -> None:
    rows = [ROW, ROW | {"promotion": 1}]
    usual, promoted = (await client.post(PREDICT, json={"rows": rows})).json()["predictions"]
    assert promoted > 1.2 * usual


async def test_as_many_rows_as_allowed_are_predicted(client: httpx.AsyncClient) -> None:
    columns = {name: [value] * MAX_ROWS for name, value in ROW.items()}
    response = await client.post(PREDICT, json={"columns": columns})
    assert len(response.json()["predictions"]) == MAX_ROWS
