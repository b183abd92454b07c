"""The refusals that are model_service's own."""

from http import HTTPStatus

from libs.service_kit import ProblemKind

MODEL_NOT_FOUND = ProblemKind("model-not-found", HTTPStatus.NOT_FOUND, "There is no such model")
VERSION_NOT_FOUND = ProblemKind(
    "version-not-found", HTTPStatus.NOT_FOUND, "The model has no such version"
)
MODEL_UNAVAILABLE = ProblemKind(
    "model-unavailable",
    HTTPStatus.SERVICE_UNAVAILABLE,
    "No version of the model could be verified",
)
NO_FINITE_PREDICTION = ProblemKind(
    "no-finite-prediction",
    HTTPStatus.UNPROCESSABLE_CONTENT,
    "The model gives no finite number for a row",
)
