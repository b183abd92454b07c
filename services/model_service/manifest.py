"""What stands beside a model: which file it belongs to, what it takes, how good it is.

`model.onnx` and `manifest.json` make a version. A manifest of another format is refused, so the
format's number changes whenever a reader of before would misread it.
"""

from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from services.model_service.features import FEATURES

MODEL_FILE = "model.onnx"
MANIFEST_FILE = "manifest.json"
INPUT = "features"
OUTPUT = "units"
"""Of the ONNX graph: float32 of shape [rows, features], and of shape [rows, 1]."""
NAME_PATTERN = r"^[a-z][a-z0-9_-]{0,63}$"
VERSION_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$"

type _Finite = Annotated[float, Field(allow_inf_nan=False)]
type _NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FeatureSchema(_Part):
    """One input of the model."""

    name: str
    minimum: float
    maximum: float
    whole: bool


class Uncertainty(_Part):
    """How far the sum of some days' units lies from its forecast m.

    Its variance is dispersion * m + (level_error * m)^2: the noise of single days, which evens
    out, and the error of the level, which all days share.
    """

    dispersion: _NotNegative
    level_error: _NotNegative


class Accuracy(_Part):
    """Errors on days that the model never saw, in units; the baselines saw the same history."""

    first_day: str
    last_day: str
    forecasts: int
    mean_absolute_error: _NotNegative
    weighted_absolute_percentage_error: _NotNegative
    """Sum of the absolute errors over the sum of the units."""
    bias: _Finite
    """Sum of the forecasts over the sum of the units, less one."""
    naive_mean_absolute_error: _NotNegative
    """Of the last known day's units, repeated."""
    seasonal_mean_absolute_error: _NotNegative
    """Of the last known week's units, repeated."""
    reorder_point_coverage: dict[str, float]
    """Share of lead times whose demand stayed within the reorder point, by service level."""


class Training(_Part):
    """What the model was made from."""

    data_sha256: str
    first_day: str
    last_day: str
    examples: int


class Golden(_Part):
    """Rows with the predictions that were seen in training; whoever serves must see the same."""

    rows: Annotated[list[list[float]], Field(min_length=1, max_length=1_000)]
    units: list[_Finite]
    relative_tolerance: Annotated[float, Field(gt=0, le=0.01)]

    def matches(self, predicted: npt.NDArray[np.float32]) -> bool:
        """Say whether a model that was given the rows answered as it did in training."""
        expected = np.array(self.units)
        return predicted.shape == expected.shape and np.allclose(
            predicted, expected, rtol=self.relative_tolerance, atol=1e-4
        )


class Manifest(_Part):
    """The whole of it."""

    format: Literal[1]
    name: Annotated[str, Field(pattern=NAME_PATTERN)]
    version: Annotated[str, Field(pattern=VERSION_PATTERN)]
    summary: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """Of the model file."""
    features: list[FeatureSchema]
    output: Literal["units"]
    uncertainty: Uncertainty
    accuracy: Accuracy
    training: Training
    libraries: dict[str, str]
    """Versions that the model was made with."""
    golden: Golden


SCHEMA = [
    FeatureSchema(name=f.name, minimum=f.minimum, maximum=f.maximum, whole=f.whole)
    for f in FEATURES
]
"""The inputs that this service makes; a model with others cannot be served."""
