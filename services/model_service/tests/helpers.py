"""Short forms of what most tests ask, and models that misbehave."""

import asyncio
import hashlib
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from services.model_service.manifest import INPUT, OUTPUT, SCHEMA, Golden, Manifest

PREDICT = "/v1/models/demand/predict"
FORECAST = "/v1/models/demand/forecast"
ROW: dict[str, float] = {
    "mean_7": 12.5,
    "mean_28": 11.0,
    "mean_56": 10.5,
    "same_weekday_mean": 14.0,
    "weekday": 4,
    "days_ahead": 1,
    "promotion": 0,
}
WEEK = [10, 10, 10, 10, 14, 15, 3]
MONDAY = "2026-01-05"


def train_into(folder: Path, **environment: str) -> None:
    """Train as the build does, in a process with this environment."""
    (folder / "demand").mkdir()
    active = str(folder / "demand" / "ACTIVE")
    command = [sys.executable, "-m", "services.model_service.training.train", active]
    environment["PYTHONPATH"] = ":".join(filter(None, sys.path))
    subprocess.run(command, env=environment, check=True, timeout=300)


def series(**changes: object) -> dict[str, Any]:
    """Return eight weeks of history, with what a test changes of them."""
    return {"sku": "kettle", "first_day": MONDAY, "units": WEEK * 8, **changes}


async def eventually(seen: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    """Wait until `seen` holds."""
    async with asyncio.timeout(seconds):
        while True:
            if await seen():
                return
            await asyncio.sleep(0.01)


def reciprocal_model(width: int = len(SCHEMA)) -> bytes:
    """Return a model that answers 1 / mean_7, and infinity when that is 0."""
    row = helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [None, width])
    units = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [None, 1])
    first = helper.make_tensor("first", TensorProto.INT64, [1], [0])
    graph = helper.make_graph(
        [
            helper.make_node("Gather", [INPUT, "first"], ["level"], axis=1),
            helper.make_node("Reciprocal", ["level"], [OUTPUT]),
        ],
        "reciprocal",
        [row],
        [units],
        [first],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def put_version(
    folder: Path, version: str, model: bytes, *, like: Path, golden: tuple[float, float]
) -> Path:
    """Write a version with a correct manifest; `golden` is a mean_7 and the answer to it.

    The rest of the manifest is that of the version `like`.
    """
    row = [golden[0], *[1.0] * (len(SCHEMA) - 1)]
    manifest = Manifest.model_validate_json((like / "manifest.json").read_bytes()).model_copy(
        update={
            "version": version,
            "sha256": hashlib.sha256(model).hexdigest(),
            "golden": Golden(rows=[row], units=[golden[1]], relative_tolerance=1e-4),
        }
    )
    target = folder / version
    target.mkdir()
    (target / "model.onnx").write_bytes(model)
    (target / "manifest.json").write_text(manifest.model_dump_json())
    return target


def rows_of(*levels: float) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return rows that differ in mean_7."""
    return np.array([[level, *[1.0] * (len(SCHEMA) - 1)] for level in levels], dtype=np.float32)
