"""The refusals that are collector's own."""

from http import HTTPStatus

from libs.service_kit import ProblemKind

UNKNOWN_CLIENT = ProblemKind(
    "unknown-client", HTTPStatus.UNAUTHORIZED, "The request has no token of a client"
)
JOB_NOT_FOUND = ProblemKind("job-not-found", HTTPStatus.NOT_FOUND, "There is no such job")
JOB_NOT_FINISHED = ProblemKind("job-not-finished", HTTPStatus.CONFLICT, "The job has no result yet")
JOB_NOT_REPLAYABLE = ProblemKind(
    "job-not-replayable", HTTPStatus.CONFLICT, "The job neither failed nor is it dead"
)
BAD_CURSOR = ProblemKind("bad-cursor", HTTPStatus.BAD_REQUEST, "The cursor is not one of ours")
SOURCE_REFUSED = ProblemKind(
    "source-refused",
    HTTPStatus.UNPROCESSABLE_CONTENT,
    "This site does not reach what the job names",
)
KEY_REUSED = ProblemKind(
    "idempotency-key-reused",
    HTTPStatus.UNPROCESSABLE_CONTENT,
    "The Idempotency-Key was used for another job",
)
QUOTA_EXCEEDED = ProblemKind(
    "quota-exceeded", HTTPStatus.TOO_MANY_REQUESTS, "The client has as many jobs as it may"
)
QUEUE_FULL = ProblemKind(
    "queue-full", HTTPStatus.SERVICE_UNAVAILABLE, "Too many jobs wait for a worker"
)
TOO_MANY_DOWNLOADS = ProblemKind(
    "too-many-downloads", HTTPStatus.SERVICE_UNAVAILABLE, "Too many results are being downloaded"
)
