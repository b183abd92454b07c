"""Train the models: `python -m services.model_service.training.train FOLDER/demand/ACTIVE`.

The days of the sales are cut in three: a model learns from the first, the spread of its errors is
measured on the second, and what its manifest says of it on the third. No row of a later part is
seen in an earlier one. The same sales and libraries give the same bytes.
"""

import argparse
import hashlib
import platform
from importlib.metadata import version as version_of
from pathlib import Path

import numpy as np
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from services.model_service.features import MAX_HORIZON_DAYS, MIN_HISTORY_DAYS, Days, Features
from services.model_service.manifest import (
    INPUT,
    MANIFEST_FILE,
    MODEL_FILE,
    SCHEMA,
    Golden,
    Manifest,
    Training,
)
from services.model_service.runtime import onnxruntime
from services.model_service.training.dataset import Examples, Table, examples, read_table
from services.model_service.training.evaluation import measure_accuracy, measure_uncertainty
from services.model_service.training.pipelines import VERSIONS, to_model
from services.model_service.training.sales import PROMOTIONS, SALES

MODEL = "demand"
ACTIVE = "2"
_PART_DAYS = 63
"""Length of the second and of the third part."""
_MEASURED_HORIZON = 14
_ORIGINS_APART = 5
"""Days between origins in training; no divisor of a week, so that each weekday is met."""
_GOLDEN_ROWS = 16
_TOLERANCE = 1e-4
"""Relative: ONNX computes with 32 bits, and processors differ in the last of them."""
_LIBRARIES = ("numpy", "onnx", "onnxruntime", "scikit-learn", "scipy", "skl2onnx")


class ConversionError(Exception):
    """The ONNX model answers otherwise than the pipeline that it was made from."""


def train(table: Table, version: str) -> tuple[bytes, Manifest]:
    """Return a model and its manifest. Raise ConversionError when ONNX disagrees."""
    summary, _ = VERSIONS[version]
    learned, calibration, held_out = parts(table)
    pipeline = fit(version, learned)
    # One thread: sums of several come in any order.
    with threadpool_limits(limits=1):
        model: bytes = to_model(pipeline).SerializeToString()
        golden = _golden(pipeline, model, held_out)
        uncertainty = measure_uncertainty(calibration, _predict(pipeline, calibration.features))
        accuracy = measure_accuracy(
            table, held_out, _predict(pipeline, held_out.features), uncertainty
        )
    manifest = Manifest(
        format=1,
        name=MODEL,
        version=version,
        summary=summary,
        sha256=hashlib.sha256(model).hexdigest(),
        features=SCHEMA,
        output="units",
        uncertainty=uncertainty,
        accuracy=accuracy,
        training=Training(
            data_sha256=table.sha256,
            first_day=str(table.first_day),
            last_day=str(table.day(table.days - 2 * _PART_DAYS - 1)),
            examples=len(learned),
        ),
        libraries={"python": platform.python_version()}
        | {library: version_of(library) for library in _LIBRARIES},
        golden=golden,
    )
    return model, manifest


def fit(version: str, learned: Examples) -> Pipeline:
    """Return the pipeline of a version, fitted to what it learns from."""
    _, make_pipeline = VERSIONS[version]
    with threadpool_limits(limits=1):  # as in `train`
        return make_pipeline().fit(learned.features, learned.units)


def parts(table: Table) -> tuple[Examples, Examples, Examples]:
    """Return what models learn from, what their spread is measured on, and what was held out."""
    calibration, held_out = table.days - 2 * _PART_DAYS, table.days - _PART_DAYS
    return (
        examples(
            table,
            range(MIN_HISTORY_DAYS, calibration, _ORIGINS_APART),
            until=calibration,
            horizon=MAX_HORIZON_DAYS,
        ),
        examples(table, range(calibration, held_out), until=held_out, horizon=_MEASURED_HORIZON),
        examples(table, range(held_out, table.days), until=table.days, horizon=_MEASURED_HORIZON),
    )


def _golden(pipeline: Pipeline, model: bytes, held_out: Examples) -> Golden:
    """Return rows from all over the held-out part, once ONNX agrees with the pipeline on all."""
    expected = _predict(pipeline, held_out.features)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    served = session.run(None, {INPUT: held_out.features})[0][:, 0]
    if not np.allclose(served, expected, rtol=_TOLERANCE, atol=_TOLERANCE):
        worst = float(np.abs(served - expected).max())
        raise ConversionError(f"ONNX and scikit-learn differ by up to {worst:g} units")
    chosen = np.linspace(0, len(held_out) - 1, _GOLDEN_ROWS).astype(int)
    return Golden(
        rows=held_out.features[chosen].tolist(),
        units=[float(f"{units:.6g}") for units in expected[chosen]],
        relative_tolerance=_TOLERANCE,
    )


def _predict(pipeline: Pipeline, features: Features) -> Days:
    predicted: Days = np.asarray(pipeline.predict(features), dtype=np.float64)
    return predicted


def write_version(folder: Path, model: bytes, manifest: Manifest) -> None:
    """Write a version into the folder of its model, the manifest last."""
    version = folder / manifest.version
    version.mkdir(parents=True, exist_ok=True)
    (version / MODEL_FILE).write_bytes(model)
    (version / MANIFEST_FILE).write_text(manifest.model_dump_json(indent=2) + "\n")


def main() -> None:
    """Train every version and make the best the active one."""
    parser = argparse.ArgumentParser(description="Train the demand models.")
    parser.add_argument(
        "active",
        type=Path,
        help="file to write the name of the active version to; the versions go beside it",
    )
    active: Path = parser.parse_args().active
    if active.parent.name != MODEL:
        parser.error(f"{active} is not in a folder named {MODEL}, which is the model's name")
    table = read_table(SALES, PROMOTIONS)
    for version in VERSIONS:
        write_version(active.parent, *train(table, version))
    active.write_text(f"{ACTIVE}\n")


if __name__ == "__main__":
    main()
