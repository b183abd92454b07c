"""What both services are asked to predict, and whether they predicted alike."""

import json
import math
import pickle
from pathlib import Path
from typing import Any

from services.model_service.features import FEATURE_NAMES
from services.model_service.training.dataset import Examples, Table, read_table
from services.model_service.training.sales import PROMOTIONS, SALES
from services.model_service.training.train import ACTIVE, MODEL, fit, parts, train, write_version
from tools.bench.beside.bench import PLAIN, PLATFORM, Answered, AnswerError, Bench, Case, Side, post
from tools.bench.orders.serving import plain_service, platform_service

_PATH = f"/v1/models/{MODEL}"
_ROWS = (1, 100, 10_000)
_SERIES = (1, 50)
_HISTORY_DAYS = 112
_HORIZON_DAYS = 14
# ONNX computes with 32 bits: as far apart as training allows.
_RELATIVE, _ABSOLUTE = 1e-4, 1e-3


def bench(folder: Path) -> Bench:
    """Train the model both ways into `folder`, and return the bench."""
    table = read_table(SALES, PROMOTIONS)
    learned, _, held_out = parts(table)
    served, manifest = train(table, ACTIVE)
    write_version(folder / MODEL, served, manifest)
    (folder / MODEL / "ACTIVE").write_text(f"{ACTIVE}\n")
    (folder / "model.pickle").write_bytes(pickle.dumps(fit(ACTIVE, learned)))
    (folder / "uncertainty.json").write_text(manifest.uncertainty.model_dump_json())
    return Bench(
        title="What predictions cost",
        target="//tools/bench/predict",
        records="predictions",
        sides={
            PLATFORM: Side(platform_service("model_service"), {"MODELS_FOLDER": str(folder)}),
            PLAIN: Side(
                plain_service("tools.bench.predict.plain.service:app"),
                {
                    "MODEL_FILE": str(folder / "model.pickle"),
                    "MODEL_VERSION": ACTIVE,
                    "UNCERTAINTY_FILE": str(folder / "uncertainty.json"),
                },
            ),
        },
        cases=[
            *(_predict(held_out, count) for count in _ROWS),
            *(_forecast(table, count) for count in _SERIES),
        ],
    )


def same(platform: Answered, plain: Answered) -> None:
    """Compare answers of any route; numbers may differ by what 32 bits lose."""
    _compare("answer", json.loads(platform.body), json.loads(plain.body))


def _predict(examples: Examples, count: int) -> Case:
    rows = [
        dict(zip(FEATURE_NAMES, map(_number, row), strict=True))
        for row in examples.features[:count].tolist()
    ]
    return Case(
        f"predict {count:,} {'row' if count == 1 else 'rows'}",
        records=count,
        ask=post(f"{_PATH}/predict", json.dumps({"rows": rows}).encode(), "application/json"),
        same=same,
    )


def _forecast(table: Table, count: int) -> Case:
    series = [
        {
            "sku": f"{history.sku}-{number}",
            "first_day": str(table.day(0)),
            "units": [_number(units) for units in history.units[:_HISTORY_DAYS].tolist()],
            "promotions": [
                str(table.day(day))
                for day in range(_HISTORY_DAYS + _HORIZON_DAYS)
                if history.promoted[day]
            ],
        }
        for number in range(count)
        for history in [table.histories[number % len(table.histories)]]
    ]
    body = json.dumps({"horizon_days": _HORIZON_DAYS, "series": series}).encode()
    return Case(
        f"forecast {_HORIZON_DAYS} days of {count} {'SKU' if count == 1 else 'SKUs'}",
        records=count * _HORIZON_DAYS,
        ask=post(f"{_PATH}/forecast", body, "application/json"),
        same=same,
    )


def _number(value: float) -> float:
    """Return a whole number as JSON has it."""
    return int(value) if value.is_integer() else value


def _compare(place: str, ours: Any, theirs: Any) -> None:
    match ours, theirs:
        case dict(), dict() if ours.keys() == theirs.keys():
            for name in ours:
                _compare(f"{place}.{name}", ours[name], theirs[name])
        case list(), list() if len(ours) == len(theirs):
            for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
                _compare(f"{place}[{number}]", one, other)
        case float() | int(), float() | int() if math.isclose(
            ours, theirs, rel_tol=_RELATIVE, abs_tol=_ABSOLUTE
        ):
            pass
        case _ if ours != theirs:
            raise AnswerError(f"{place}: the platform has {ours}, the plain service {theirs}")
