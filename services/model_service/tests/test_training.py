"""Training: the same data give the same bytes, and models that are worth having."""

import json
from importlib.metadata import version as version_of
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.model_service.features import FEATURE_NAMES, MIN_HISTORY_DAYS
from services.model_service.tests.helpers import train_into
from services.model_service.training.dataset import examples, read_table
from services.model_service.training.pipelines import VERSIONS
from services.model_service.training.sales import (
    DAYS,
    FIRST_DAY,
    PROMOTIONS,
    SALES,
    SEED,
    make_sales,
    write,
)
from services.model_service.training.transformers import LogLevel, WithPairs


@pytest.fixture(scope="session", params=sorted(VERSIONS))
def manifest(trained: Path, request: pytest.FixtureRequest) -> dict[str, Any]:
    """The manifest of a trained version."""
    text = (trained / "demand" / request.param / "manifest.json").read_text()
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def test_the_sales_in_the_tree_are_what_the_script_makes(tmp_path: Path) -> None:
    made = tmp_path / SALES.name, tmp_path / PROMOTIONS.name
    write(make_sales(), sales_file=made[0], promotions_file=made[1])
    assert SALES.read_bytes() == made[0].read_bytes()
    assert PROMOTIONS.read_bytes() == made[1].read_bytes()


def test_another_seed_makes_other_sales() -> None:
    assert make_sales(SEED) != make_sales(SEED + 1)


def test_the_table_is_read_as_it_was_made() -> None:
    table = read_table(SALES, PROMOTIONS)
    made = make_sales()
    assert (table.first_day, table.days) == (FIRST_DAY, DAYS)
    for history, sales in zip(table.histories, made, strict=True):
        assert history.units.tolist() == sales.units
        assert int(history.promoted.sum()) == sum(each.days for each in sales.promotions)
        assert all(history.promoted[each.first] for each in sales.promotions)


def test_the_sales_have_a_week_and_a_promotion_to_learn() -> None:
    table = read_table(SALES, PROMOTIONS)
    for history in table.histories:
        usual = history.units[~history.promoted].mean()
        assert history.units[history.promoted].mean() > 1.2 * usual
        weekdays = [history.units[day::7].mean() for day in range(7)]
        assert max(weekdays) > 1.3 * min(weekdays)


def test_examples_know_nothing_of_the_days_that_they_are_of() -> None:
    table = read_table(SALES, PROMOTIONS)
    before = examples(table, [100], until=DAYS, horizon=10)
    for history in table.histories:
        history.units[100:] = 0
    after = examples(table, [100], until=DAYS, horizon=10)
    assert np.array_equal(before.features, after.features)
    assert before.units.sum() > after.units.sum() == 0


def test_an_origin_without_enough_history_is_refused() -> None:
    with pytest.raises(ValueError, match="origin 55"):
        examples(read_table(SALES, PROMOTIONS), [MIN_HISTORY_DAYS - 1], until=DAYS, horizon=1)


def test_training_again_as_on_an_older_processor_gives_the_same_bytes(
    trained: Path, tmp_path: Path
) -> None:
    train_into(tmp_path, PYTHONHASHSEED="1", OPENBLAS_CORETYPE="Nehalem")
    files = [file.relative_to(trained) for file in trained.rglob("*") if file.is_file()]
    assert {str(file) for file in files} == {
        "demand/ACTIVE",
        *(f"demand/{v}/{name}" for v in VERSIONS for name in ("model.onnx", "manifest.json")),
    }
    for file in files:
        assert (trained / file).read_bytes() == (tmp_path / file).read_bytes(), file


def test_the_model_beats_both_baselines(manifest: dict[str, Any]) -> None:
    accuracy = manifest["accuracy"]
    assert accuracy["mean_absolute_error"] < 0.65 * accuracy["seasonal_mean_absolute_error"]
    assert accuracy["mean_absolute_error"] < 0.5 * accuracy["naive_mean_absolute_error"]
    assert abs(accuracy["bias"]) < 0.05
    assert accuracy["forecasts"] > 10_000


def test_reorder_points_cover_what_they_promise(manifest: dict[str, Any]) -> None:
    coverage = manifest["accuracy"]["reorder_point_coverage"]
    assert {"0.9", "0.95", "0.99"} == set(coverage)
    for level, covered in coverage.items():
        assert float(level) - 0.01 <= covered <= float(level) + 0.05


def test_the_parts_of_the_sales_do_not_overlap(manifest: dict[str, Any]) -> None:
    ends = [
        manifest["training"]["first_day"],
        manifest["training"]["last_day"],
        manifest["accuracy"]["first_day"],
        manifest["accuracy"]["last_day"],
    ]
    assert all(before < after for before, after in pairwise(ends))


def test_the_manifest_says_what_it_was_made_with(manifest: dict[str, Any]) -> None:
    for library in ("numpy", "onnx", "onnxruntime", "scikit-learn", "skl2onnx"):
        assert version_of(library) == manifest["libraries"][library]
    assert list(FEATURE_NAMES) == [feature["name"] for feature in manifest["features"]]
    assert len(manifest["golden"]["rows"]) == len(manifest["golden"]["units"]) == 16


def test_the_steps_of_our_own_do_what_they_say() -> None:
    columns = np.array([[1.0, 2.0, 3.0], [0.0, 5.0, 7.0]])
    assert WithPairs().fit_transform(columns).tolist() == [
        [1, 2, 3, 2, 3, 6],
        [0, 5, 7, 0, 0, 35],
    ]
    assert LogLevel().fit_transform(np.array([[0.9]])) == pytest.approx(0, abs=1e-7)
    assert np.isfinite(LogLevel().fit_transform(np.zeros((1, 1)))).all()
