"""Keep the values of a job's secrets out of everything that is written."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, overload
from urllib.parse import quote, quote_plus

import orjson

from services.collector.jobs import JobProblem, JsonObject, Record, Reject

MARK = "[redacted]"

_LONGEST_NUMBER = 10**300


class Redactor:
    """Replaces secrets by a mark, however a source wrote them: as they are, or as JSON or a URL
    has them.

    A number that is a secret is replaced, too; one that has a secret among its digits is not.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if secret for form in _forms(secret)}
        # The longest first, so that of a secret within another nothing is left.
        ordered = sorted(forms, key=lambda form: (-len(form), form))
        self._forms = frozenset(forms)
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None
        self._in_json = re.compile("|".join({re.escape(_json(form)) for form in ordered}))

    def text(self, text: str) -> str:
        """Return a text without secrets."""
        return self._pattern.sub(MARK, text) if self._pattern else text

    @overload
    def value(self, value: JsonObject) -> JsonObject: ...
    @overload
    def value(self, value: Any) -> Any: ...
    def value(self, value: Any) -> Any:
        """Return a JSON value without secrets, in names of fields either."""
        if self._pattern is None or value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, int | float):
            return MARK if self._is_secret(value) else value
        if isinstance(value, Mapping):
            return {self.text(name): self.value(of) for name, of in value.items()}
        return [self.value(of) for of in value]

    def _is_secret(self, number: float) -> bool:
        # `str` refuses integers of more than 4,300 digits.
        return abs(number) < _LONGEST_NUMBER and str(number) in self._forms

    def record(self, record: Record) -> Record:
        """Return a record without secrets."""
        body = record.body
        # Nearly always a search is all: a secret in a value is in the body as JSON has it.
        if self._pattern is not None and self._in_json.search(body):
            clean = self.value(orjson.loads(body))
            body = orjson.dumps(clean, option=orjson.OPT_SORT_KEYS).decode()
        return Record(self.text(record.record_id), body)

    def reject(self, reject: Reject) -> Reject:
        """Return a reject without secrets."""
        field = None if reject.field is None else self.text(reject.field)
        return Reject(self.text(reject.position), field, self.text(reject.reason))

    def problem(self, problem: JobProblem) -> JobProblem:
        """Return a problem without secrets."""
        return JobProblem(problem.kind, self.text(problem.detail))

    def is_clean(self, value: JsonObject | None) -> bool:
        """Say whether a JSON value is as it would be after redaction."""
        return value is None or bool(self.value(value) == value)


def _forms(secret: str) -> Iterator[str]:
    yield secret
    for written in (_json(secret), json.dumps(secret)[1:-1]):
        yield written
        yield written.replace("/", "\\/")
    for quoted in (quote(secret, safe=""), quote(secret), quote_plus(secret)):
        yield quoted
        yield re.sub("%..", lambda escape: escape[0].lower(), quoted)


def _json(text: str) -> str:
    """Return a text as `orjson` writes it within quotation marks."""
    return orjson.dumps(text).decode()[1:-1]
