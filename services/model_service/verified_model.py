"""A model that was checked before it may answer: its bytes, its inputs, its golden vectors.

Only ONNX is read, which is data for a fixed set of operators. A pickle runs whatever it holds as it
is read, so a folder with anything beside the two files of a version is refused, not just ignored.
"""

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from services.model_service.features import Features
from services.model_service.manifest import (
    INPUT,
    MANIFEST_FILE,
    MODEL_FILE,
    OUTPUT,
    SCHEMA,
    Manifest,
)
from services.model_service.runtime import onnxruntime

MAX_MODEL_BYTES = 100_000_000
_MAX_MANIFEST_BYTES = 1_000_000

type Predictions = npt.NDArray[np.float32]


class RefusedError(Exception):
    """A version's files are not what may be served; the message says why."""


class NotFiniteError(Exception):
    """A model answered a row with infinity or no number."""

    def __init__(self, row: int) -> None:
        super().__init__(f"row {row}")
        self.row = row


class VerifiedModel:
    """A model in memory; what becomes of its files no longer matters."""

    def __init__(self, manifest: Manifest, session: onnxruntime.InferenceSession) -> None:
        self.manifest = manifest
        self._session = session

    def predict(self, rows: Features) -> Predictions:
        """Return the units of each row. Raise NotFiniteError for a row without an answer."""
        predicted: Predictions = self._session.run((OUTPUT,), {INPUT: rows})[0].ravel()
        if not np.isfinite(predicted).all():
            raise NotFiniteError(int(np.argmin(np.isfinite(predicted))))
        return predicted


def load(folder: Path) -> VerifiedModel:
    """Read and check the version in `folder`, which is named MODEL/VERSION.

    Raises:
        RefusedError: The files are not a model that may be served.
        OSError: The files cannot be read now.
    """
    for entry in folder.iterdir():
        if entry.name not in (MODEL_FILE, MANIFEST_FILE) and not entry.name.startswith("."):
            raise RefusedError(
                f"{entry.name}: a version is {MODEL_FILE} and {MANIFEST_FILE} and nothing else; "
                "pickles and other formats are never loaded"
            )
    manifest = _manifest(folder)
    # Read once: what is hashed is what runs.
    model = _read(folder / MODEL_FILE, MAX_MODEL_BYTES)
    if (found := hashlib.sha256(model).hexdigest()) != manifest.sha256:
        raise RefusedError(
            f"{MODEL_FILE} has sha256 {found}, but {MANIFEST_FILE} says {manifest.sha256}"
        )
    verified = VerifiedModel(manifest, _session(model))
    _check_golden(verified)
    return verified


def _manifest(folder: Path) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(_read(folder / MANIFEST_FILE, _MAX_MANIFEST_BYTES))
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "the document"
        raise RefusedError(f"{MANIFEST_FILE}: {place}: {first['msg']}") from exc
    if (manifest.name, manifest.version) != (folder.parent.name, folder.name):
        raise RefusedError(
            f"{MANIFEST_FILE} is of {manifest.name}/{manifest.version}, "
            f"but stands in {folder.parent.name}/{folder.name}"
        )
    if manifest.features != SCHEMA:
        raise RefusedError(f"{MANIFEST_FILE}: features are not those that this service makes")
    return manifest


def _read(file: Path, most: int) -> bytes:
    if not file.is_file():
        raise RefusedError(f"{file.name} is missing")
    with file.open("rb") as opened:
        content = opened.read(most + 1)
    if len(content) > most:
        raise RefusedError(f"{file.name} has more than {most} bytes")
    return content


def _session(model: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    # One request runs on one thread: more would spin for work that takes 8 microseconds.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    # ONNX Runtime has a dozen exceptions without a common base.
    except Exception as exc:
        raise RefusedError(f"{MODEL_FILE} is no model for ONNX Runtime: {exc}") from exc
    inputs = [(each.name, each.type, each.shape[1:]) for each in session.get_inputs()]
    outputs = [(each.name, each.type, each.shape[1:]) for each in session.get_outputs()]
    expected = ([(INPUT, "tensor(float)", [len(SCHEMA)])], [(OUTPUT, "tensor(float)", [1])])
    if (inputs, outputs) != expected:
        raise RefusedError(f"{MODEL_FILE} takes {inputs} and gives {outputs}, not {expected}")
    return session


def _check_golden(model: VerifiedModel) -> None:
    golden = model.manifest.golden
    if any(len(row) != len(SCHEMA) for row in golden.rows):
        raise RefusedError(f"{MANIFEST_FILE}: a golden row has not {len(SCHEMA)} features")
    try:
        predicted = model.predict(np.array(golden.rows, dtype=np.float32))
    except NotFiniteError as exc:
        raise RefusedError(f"golden {exc} gives no finite number") from exc
    except Exception as exc:
        raise RefusedError(f"the golden rows cannot be predicted: {exc}") from exc
    if not golden.matches(predicted):
        raise RefusedError("the golden rows give other predictions than in training")
