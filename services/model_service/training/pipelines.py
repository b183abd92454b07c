"""The models, as scikit-learn pipelines, and their way to ONNX.

Both are Poisson regressions on the logarithms of the features' levels: units are counts, and
weekdays and promotions multiply. Their solver takes few exact steps and no random ones, so the
same data give the same model.
"""

from collections.abc import Callable

from onnx import ModelProto
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import PoissonRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from services.model_service.features import FEATURE_NAMES
from services.model_service.manifest import INPUT, OUTPUT
from services.model_service.training.transformers import LogLevel, WithPairs

OPSET = 18


def main_effects() -> Pipeline:
    """Each feature multiplies by itself."""
    return Pipeline([("inputs", _inputs()), ("regression", _regression())])


def interactions() -> Pipeline:
    """Features also multiply in pairs: what a trend adds grows with the days ahead."""
    return Pipeline(
        [
            ("inputs", _inputs()),
            ("pairs", WithPairs()),
            ("scale", StandardScaler()),
            ("regression", _regression()),
        ]
    )


VERSIONS: dict[str, tuple[str, Callable[[], Pipeline]]] = {
    "1": ("Poisson regression on levels, weekday and promotion", main_effects),
    "2": ("Poisson regression with features in pairs", interactions),
}
"""A summary of each, and what makes it."""


def to_model(pipeline: Pipeline) -> ModelProto:
    """Return a fitted pipeline as ONNX: rows of features in, units out."""
    model: ModelProto = to_onnx(
        pipeline,
        name="demand",
        initial_types=[(INPUT, FloatTensorType([None, len(FEATURE_NAMES)]))],
        final_types=[(OUTPUT, FloatTensorType([None, 1]))],
        target_opset=OPSET,
    )
    # The converter lists the operator sets in the order of a set of strings: another each time.
    operator_sets = sorted(model.opset_import, key=lambda each: each.domain)
    del model.opset_import[:]
    model.opset_import.extend(operator_sets)
    return model


def _inputs() -> ColumnTransformer:
    levels = _columns("mean_7", "mean_28", "mean_56", "same_weekday_mean")
    weekdays = OneHotEncoder(categories=[range(7)], sparse_output=False)
    return ColumnTransformer(
        [
            ("levels", LogLevel(), levels),
            ("others", StandardScaler(), _columns("days_ahead", "promotion")),
            ("weekday", weekdays, _columns("weekday")),
        ]
    )


def _columns(*names: str) -> list[int]:
    return [FEATURE_NAMES.index(name) for name in names]


def _regression() -> PoissonRegressor:
    return PoissonRegressor(alpha=1e-3, solver="newton-cholesky", max_iter=100)
