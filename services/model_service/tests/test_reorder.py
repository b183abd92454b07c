"""Reorder points: what raises them, and that they cover what they promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.model_service.reorder import reorder_point

DEMANDS = st.floats(0, 1e7)
LEVELS = st.floats(0.5, 0.9999)
ERRORS = st.fixed_dictionaries({"dispersion": st.floats(0, 50), "level_error": st.floats(0, 1)})


@given(demand=DEMANDS, level=LEVELS, errors=ERRORS)
def test_it_is_never_below_the_demand(
    demand: float, level: float, errors: dict[str, float]
) -> None:
    point = reorder_point(demand, service_level=level, **errors)
    assert point.units >= demand - 1e-3
    assert point.safety_stock >= 0


@given(demands=st.tuples(DEMANDS, DEMANDS), levels=st.tuples(LEVELS, LEVELS), errors=ERRORS)
def test_more_demand_and_more_service_never_lower_it(
    demands: tuple[float, float], levels: tuple[float, float], errors: dict[str, float]
) -> None:
    low = reorder_point(min(demands), service_level=min(levels), **errors)
    for demand, level in ((max(demands), min(levels)), (min(demands), max(levels))):
        assert reorder_point(demand, service_level=level, **errors).units >= low.units


@given(demand=DEMANDS, errors=ERRORS)
def test_half_of_all_lead_times_need_no_safety_stock(
    demand: float, errors: dict[str, float]
) -> None:
    point = reorder_point(demand, service_level=0.5, **errors)
    assert point.safety_stock == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_it_covers_demand_that_spreads_as_it_was_told(level: float) -> None:
    source = np.random.default_rng(7)
    expected, noise, dispersion = 200.0, 0.1, 3.0
    mean = np.maximum(source.normal(expected, noise * expected, 40_000), 1)
    demand = source.poisson(source.gamma(mean / (dispersion - 1), dispersion - 1))
    point = reorder_point(expected, service_level=level, dispersion=dispersion, level_error=noise)
    assert float((demand <= point.units).mean()) == pytest.approx(level, abs=0.012)
