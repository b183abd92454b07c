"""Steps of the pipelines that scikit-learn and its converter lack, each with its form in ONNX."""

from itertools import combinations
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from skl2onnx import update_registered_converter
from skl2onnx.algebra.onnx_ops import OnnxAdd, OnnxConcat, OnnxGather, OnnxLog, OnnxMul
from skl2onnx.common.data_types import FloatTensorType
from sklearn.base import BaseEstimator, TransformerMixin

_OFFSET = 0.1
"""Added to levels before the logarithm: a SKU may have sold nothing for weeks."""


class LogLevel(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """The logarithm of a level, defined at 0 too."""

    def fit(self, x: npt.NDArray[Any], y: object = None) -> Self:
        """Learn nothing but the number of columns."""
        self.columns_out_ = x.shape[1]
        return self

    def transform(self, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the logarithms."""
        logarithms: npt.NDArray[Any] = np.log(x + np.float32(_OFFSET))
        return logarithms


class WithPairs(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """The columns, and the products of each two.

    scikit-learn's PolynomialFeatures does the same, but becomes two hundred nodes in ONNX, which
    take ten times as long as these four.
    """

    def fit(self, x: npt.NDArray[Any], y: object = None) -> Self:
        """Learn which pairs there are."""
        pairs = np.array([*combinations(range(x.shape[1]), 2)], dtype=np.int64)
        self.left_, self.right_ = pairs[:, 0], pairs[:, 1]
        self.columns_out_ = x.shape[1] + len(pairs)
        return self

    def transform(self, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the columns and the products."""
        return np.hstack([x, x[:, self.left_] * x[:, self.right_]])


def _shape(operator: Any) -> None:
    operator.outputs[0].type = FloatTensorType([None, operator.raw_operator.columns_out_])


def _log(scope: Any, operator: Any, container: Any) -> None:
    opset = container.target_opset
    shifted = OnnxAdd(operator.inputs[0], np.array([_OFFSET], np.float32), op_version=opset)
    OnnxLog(shifted, op_version=opset, output_names=operator.outputs[:1]).add_to(scope, container)


def _with_pairs(scope: Any, operator: Any, container: Any) -> None:
    opset, step, columns = container.target_opset, operator.raw_operator, operator.inputs[0]
    left = OnnxGather(columns, step.left_, axis=1, op_version=opset)
    right = OnnxGather(columns, step.right_, axis=1, op_version=opset)
    products = OnnxMul(left, right, op_version=opset)
    OnnxConcat(
        columns, products, axis=1, op_version=opset, output_names=operator.outputs[:1]
    ).add_to(scope, container)


update_registered_converter(LogLevel, "GranaryLogLevel", _shape, _log)
update_registered_converter(WithPairs, "GranaryWithPairs", _shape, _with_pairs)
