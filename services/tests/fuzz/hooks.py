"""What Schemathesis cannot read from an OpenAPI description.

It imports this module by the name in SCHEMATHESIS_HOOKS.
"""

import atexit
import itertools
import json
import os
import re
import uuid
from collections import Counter
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import CoveragePhaseData

_KEY = "Idempotency-Key"
_TAG = "If-Match"
_VALID_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_VALID_TAG = re.compile(r'"[0-9]{1,18}"')

_numbers = itertools.count()
_answers: Counter[str] = Counter()


@schemathesis.hook
def before_call(
    context: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]
) -> None:
    """Make of valid data a request that stands for itself; leave invalid data as it is."""
    if case.meta is None:
        return
    headers: MutableMapping[str, Any] = case.headers or {}
    _mend_tag(headers, case.meta.phase.data)
    if case.meta.generation.mode.is_positive:
        _come_once(headers, case.body)
        _distinct(case.body)
        _of_equal_length(case.body)


@schemathesis.hook
def after_call(
    context: schemathesis.HookContext,
    case: schemathesis.Case[Any],
    response: schemathesis.Response,
) -> None:
    """Count the answer; at the end all counts are written to the file that ANSWERS_FILE names."""
    _answers[f"{case.method} {case.operation.path} {response.status_code}"] += 1


@atexit.register
def _write_answers() -> None:
    Path(os.environ["ANSWERS_FILE"]).write_text(json.dumps(_answers))


def _mend_tag(headers: MutableMapping[str, Any], tried: object) -> None:
    """Take away an invalid If-Match where another part of the request is tried.

    Schemathesis 4.32 puts the first tag that it makes into all requests of the coverage phase. That
    is an invalid one (`If-Match: 0`), for which each of them would be refused.
    """
    if (
        isinstance(tried, CoveragePhaseData)
        and tried.parameter_location is not ParameterLocation.HEADER
        and not _VALID_TAG.fullmatch(headers.get(_TAG, '"0"'))
    ):
        del headers[_TAG]


def _come_once(headers: MutableMapping[str, Any], body: object) -> None:
    """Give the request a key or an order id of its own.

    Both stand for one request: with another body they are refused, as they should be, and what is
    generated is short and meets again.
    """
    if _VALID_KEY.fullmatch(headers.get(_KEY, "")):
        headers[_KEY] = _unique()
    if isinstance(body, dict) and "order_id" in body:
        body["order_id"] = _unique()


def _distinct(body: object) -> None:
    """Leave one line of each SKU: JSON Schema has no word for "unique by one member"."""
    if isinstance(body, dict) and "lines" in body:
        body["lines"] = [*{line["sku"]: line for line in reversed(body["lines"])}.values()]


def _of_equal_length(body: object) -> None:
    """Cut columns to the shortest: JSON Schema has no word for "as long as the others"."""
    if isinstance(body, dict) and isinstance(columns := body.get("columns"), dict):
        rows = min(len(values) for values in columns.values())
        body["columns"] = {name: values[:rows] for name, values in columns.items()}


def _unique() -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, str(next(_numbers))))
