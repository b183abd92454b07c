"""The refusals that are data_processor's own; bad records are reported instead, row by row."""

from http import HTTPStatus

from libs.service_kit import ProblemKind

UNKNOWN_FORMAT = ProblemKind(
    "unknown-format", HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The file's format is not known"
)
UNREADABLE_FILE = ProblemKind(
    "unreadable-file", HTTPStatus.UNPROCESSABLE_CONTENT, "The file is not what it is declared to be"
)
BAD_ENCODING = ProblemKind(
    "bad-encoding", HTTPStatus.UNPROCESSABLE_CONTENT, "The file is not UTF-8 text"
)
BAD_COLUMNS = ProblemKind(
    "bad-columns", HTTPStatus.UNPROCESSABLE_CONTENT, "The file's columns are not those of records"
)
ROW_TOO_LONG = ProblemKind(
    "row-too-long", HTTPStatus.UNPROCESSABLE_CONTENT, "A row of the file is too long"
)
UNPACKS_TOO_LARGE = ProblemKind(
    "unpacks-too-large", HTTPStatus.CONTENT_TOO_LARGE, "The file becomes too large when unpacked"
)
NO_RATES = ProblemKind(
    "no-rates", HTTPStatus.UNPROCESSABLE_CONTENT, "There are no rates for the wanted currency"
)
TOO_MANY_GROUPS = ProblemKind(
    "too-many-groups", HTTPStatus.UNPROCESSABLE_CONTENT, "The aggregation makes too many groups"
)
TOO_MANY_RECORDS = ProblemKind(
    "too-many-records", HTTPStatus.UNPROCESSABLE_CONTENT, "Too many distinct records to compare"
)
