"""Only a model that is what its manifest says is ever loaded."""

import hashlib
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from services.model_service.tests.helpers import put_version, reciprocal_model, rows_of
from services.model_service.verified_model import NotFiniteError, RefusedError, load

type Change = Callable[[Path], object]


@pytest.fixture
def version(models_folder: Path) -> Path:
    """A version that is as it should be."""
    folder = models_folder / "demand" / "2"
    assert load(folder).manifest.version == "2"
    return folder


def _edit(**changes: Any) -> Change:
    def change(folder: Path) -> None:
        file = folder / "manifest.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | changes))

    return change


def _shift_golden(folder: Path) -> None:
    file = folder / "manifest.json"
    manifest = json.loads(file.read_text())
    manifest["golden"]["units"][3] *= 1.001
    file.write_text(json.dumps(manifest))


def _replace_model(content: bytes) -> Change:
    def change(folder: Path) -> None:
        (folder / "model.onnx").write_bytes(content)
        _edit(sha256=hashlib.sha256(content).hexdigest())(folder)

    return change


def _rename_feature(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["features"][0]["name"] = "mean_14"
    _edit(features=manifest["features"])(folder)


class _Trap:
    """Unpickling it would make a folder."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self._place),)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda f: (f / "model.onnx").write_bytes(b"\x08"), "sha256"),
        (lambda f: os.truncate(f / "model.onnx", 1_000), "sha256"),
        (lambda f: (f / "model.onnx").unlink(), "model.onnx is missing"),
        (lambda f: (f / "manifest.json").unlink(), "manifest.json is missing"),
        (lambda f: (f / "manifest.json").write_text("{"), "Invalid JSON"),
        (lambda f: (f / "manifest.json").write_bytes(b" " * 1_000_001), "more than"),
        (_edit(sha256="0" * 64), "sha256"),
        (_edit(format=2), "format"),
        (_edit(version="3"), "stands in demand/2"),
        (_edit(name="supply"), "stands in demand/2"),
        (_edit(more=1), "more"),
        (_edit(features=[]), "features are not those"),
        (_rename_feature, "features are not those"),
        (_shift_golden, "other predictions"),
        (
            _edit(golden={"rows": [[1.0]], "units": [1.0], "relative_tolerance": 1e-4}),
            "a golden row has not 7 features",
        ),
        (
            _edit(golden={"rows": [], "units": [], "relative_tolerance": 1e-4}),
            "golden.rows",
        ),
        (_replace_model(b"no model"), "no model for ONNX Runtime"),
        (_replace_model(pickle.dumps({"a": 1})), "no model for ONNX Runtime"),
        (_replace_model(reciprocal_model(width=5)), "takes"),
        (_replace_model(reciprocal_model()), "other predictions"),
    ],
)
def test_a_version_that_is_not_what_it_says_is_refused(
    version: Path, change: Change, why: str
) -> None:
    change(version)
    with pytest.raises(RefusedError, match=why):
        load(version)


@pytest.mark.parametrize("name", ["model.pkl", "model.joblib", "weights.bin", "model.onnx.pickle"])
def test_a_pickle_is_refused_and_never_read(version: Path, tmp_path: Path, name: str) -> None:
    trap = tmp_path / "sprung"
    (version / name).write_bytes(pickle.dumps(_Trap(trap)))
    with pytest.raises(RefusedError, match=name):
        load(version)
    assert not trap.exists()


def test_a_pickle_in_the_place_of_the_model_is_not_unpickled(version: Path, tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    _replace_model(pickle.dumps(_Trap(trap)))(version)
    with pytest.raises(RefusedError):
        load(version)
    assert not trap.exists()
    pickle.loads(pickle.dumps(_Trap(trap)))
    assert trap.exists(), "the trap works"


def test_weights_outside_of_the_model_file_are_refused(version: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.bin"
    outside.write_bytes(np.array([0], dtype=np.int64).tobytes())
    model = onnx.load_from_string(reciprocal_model())
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.ClearField("int64_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", str(outside)
    _replace_model(model.SerializeToString())(version)
    with pytest.raises(RefusedError, match="no model for ONNX Runtime"):
        load(version)


def test_a_model_outlives_its_files(version: Path) -> None:
    model = load(version)
    rows = np.array(model.manifest.golden.rows, dtype=np.float32)
    (version / "model.onnx").unlink()
    assert model.manifest.golden.matches(model.predict(rows))


def test_infinity_is_no_answer(models_folder: Path) -> None:
    demand = models_folder / "demand"
    folder = put_version(demand, "3", reciprocal_model(), like=demand / "2", golden=(4.0, 0.25))
    model = load(folder)
    assert model.predict(rows_of(2.0, 8.0)).tolist() == [0.5, 0.125]
    with pytest.raises(NotFiniteError) as refusal:
        model.predict(rows_of(2.0, 4.0, 0.0))
    assert refusal.value.row == 2


def test_golden_rows_without_a_finite_answer_are_refused(models_folder: Path) -> None:
    demand = models_folder / "demand"
    folder = put_version(demand, "3", reciprocal_model(), like=demand / "2", golden=(0.0, 0.0))
    with pytest.raises(RefusedError, match="no finite number"):
        load(folder)
