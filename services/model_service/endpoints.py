"""Routes of model_service."""

import asyncio
from collections.abc import Iterator
from operator import itemgetter
from typing import Annotated

import numpy as np
import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from libs.service_kit import ProblemError, body_as, refusals, require_json, route_with
from services.model_service.features import FEATURE_NAMES, FEATURES, Features
from services.model_service.forecasting import SeriesError, forecast
from services.model_service.manifest import NAME_PATTERN, VERSION_PATTERN
from services.model_service.messages import (
    FeatureOut,
    ForecastIn,
    Forecasts,
    ModelOut,
    ModelsOut,
    PredictIn,
    Predictions,
    VersionOut,
)
from services.model_service.models import Model, Models
from services.model_service.problems import (
    MODEL_NOT_FOUND,
    MODEL_UNAVAILABLE,
    NO_FINITE_PREDICTION,
    VERSION_NOT_FOUND,
)
from services.model_service.verified_model import NotFiniteError, VerifiedModel

_values = itemgetter(*FEATURE_NAMES)


async def _predict_shortly(request: Request) -> Response | None:
    if request.scope["query_string"]:
        return None
    wanted = await body_as(request, PredictIn)
    models: Models = request.app.state.models
    name = request.path_params["name"]
    if wanted is None or name not in models.all():
        return None
    return _predicted(models, models.find(name), wanted)


predicting = APIRouter(prefix="/v1", route_class=route_with(_predict_shortly))
router = APIRouter(prefix="/v1")


async def _models(request: Request) -> Models:
    return request.app.state.models  # type: ignore[no-any-return]


async def _model(
    request: Request,
    name: Annotated[str, Path(pattern=NAME_PATTERN, examples=["demand"])],
    version: Annotated[
        str | None,
        Query(pattern=VERSION_PATTERN, description="Another version than the active one."),
    ] = None,
) -> VerifiedModel:
    models: Models = request.app.state.models
    return models.find(name, version)


type _Models = Annotated[Models, Depends(_models)]
type _VerifiedModel = Annotated[VerifiedModel, Depends(_model)]

_REFUSALS = refusals(MODEL_NOT_FOUND, VERSION_NOT_FOUND, MODEL_UNAVAILABLE, NO_FINITE_PREDICTION)


@predicting.post(
    "/models/{name}/predict",
    operation_id="predict",
    response_model=Predictions,
    tags=["models"],
    dependencies=[Depends(require_json)],
    responses=_REFUSALS,
)
async def predict(models: _Models, model: _VerifiedModel, wanted: PredictIn) -> Response:
    """Give the units that a model expects for each row of features."""
    return _predicted(models, model, wanted)


@router.post(
    "/models/{name}/forecast",
    operation_id="forecast",
    tags=["models"],
    dependencies=[Depends(require_json)],
    responses=_REFUSALS,
)
async def post_forecast(models: _Models, model: _VerifiedModel, wanted: ForecastIn) -> Forecasts:
    """Forecast each SKU's daily units from its history, and say when to reorder."""
    try:
        # Hundreds of series take a tenth of a second, in which others shall be answered.
        forecasts = await asyncio.to_thread(forecast, model, wanted.series, wanted.horizon_days)
    except SeriesError as exc:
        raise _not_finite(f"series {exc.series}", f"#/series/{exc.series}") from exc
    models.count(model, len(wanted.series) * wanted.horizon_days)
    return forecasts


@router.get("/models", operation_id="list_models", tags=["models"])
async def list_models(models: _Models) -> ModelsOut:
    """List the models with their versions, what they take and how good they are."""
    return ModelsOut(
        models=[
            ModelOut(
                name=name,
                version=model.active.manifest.version if model.active else None,
                problem=model.problem,
                versions=[*_versions(model)],
            )
            for name, model in models.all().items()
        ],
        features=[
            FeatureOut(
                name=f.name, minimum=f.minimum, maximum=f.maximum, whole=f.whole, meaning=f.meaning
            )
            for f in FEATURES
        ],
    )


def _versions(model: Model) -> Iterator[VersionOut]:
    for version, seen in model.versions.items():
        manifest = seen.model.manifest if seen.model else None
        verified = "active" if seen.model is model.active else "verified"
        yield VersionOut(
            version=version,
            status="refused" if manifest is None else verified,
            problem=seen.problem,
            summary=manifest and manifest.summary,
            sha256=manifest and manifest.sha256,
            accuracy=manifest and manifest.accuracy,
            libraries=manifest.libraries if manifest else {},
        )


def _predicted(models: Models, model: VerifiedModel, wanted: PredictIn) -> Response:
    try:
        predictions = model.predict(_features(wanted))
    except NotFiniteError as exc:
        pointer = "#/columns" if wanted.rows is None else f"#/rows/{exc.row}"
        raise _not_finite(f"row {exc.row}", pointer) from exc
    models.count(model, len(predictions))
    document = {
        "model": model.manifest.name,
        "version": model.manifest.version,
        "predictions": predictions,
    }
    # With their 32 bits numbers are short: 12.3, not 12.300000190734863.
    body = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(body, media_type="application/json")


def _features(wanted: PredictIn) -> Features:
    if wanted.rows is not None:
        return np.array([_values(row) for row in wanted.rows], dtype=np.float32)
    if wanted.columns is None:
        raise AssertionError("a validated request has rows or columns")
    return np.ascontiguousarray(np.array(_values(wanted.columns), dtype=np.float32).T)


def _not_finite(place: str, pointer: str) -> ProblemError:
    detail = f"{place}: the model gives no finite number; the values are far from all it knows"
    return ProblemError(
        NO_FINITE_PREDICTION, detail, errors=[{"detail": detail, "pointer": pointer}]
    )
