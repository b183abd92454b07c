"""Answers: a repeated placement gets the first answer, and nothing is answered that may not be."""

from services.tests.faults.checkers.facts import (
    IN_FLIGHT,
    KEY_REUSED,
    Facts,
    Violation,
    decided,
)
from services.tests.faults.history import Fail, Operation, Unknown

_STATUSES = {
    "place": {201, 409, 422},
    "read": {200, 404},
    "list": {200},
    "cancel": {200, 404, 409},
    "ship": {200, 404, 409},
    "read_stock": {200},
    "put_stock": {200},
}
_OVERLOADED = 503


def repeats_get_the_first_answer(facts: Facts) -> Violation | None:
    """All decided answers of a key and a body are the same byte for byte, and once one client has
    such an answer no attempt is told any more that the first is still in flight."""
    name = "repeats_get_the_first_answer"
    for key, attempts in facts.attempts.items():
        first: Operation | None = None
        for attempt in filter(decided, attempts):
            if first is None:
                first = attempt
            elif attempt.body == first.body and attempt.outcome != first.outcome:
                message = f"the answers of key {key} differ"
                return Violation(name, message, (first, attempt))
        if first is None:
            continue
        for attempt in attempts:
            late = attempt.invoked_at > first.completed_at
            if late and isinstance(attempt.outcome, Fail) and attempt.outcome.problem == IN_FLIGHT:
                message = f"key {key} was answered, and in flight again later"
                return Violation(name, message, (first, attempt))
    return None


def a_key_takes_one_body(facts: Facts) -> Violation | None:
    """Of the bodies sent under a key one is decided; the others are refused, and only they are."""
    name = "a_key_takes_one_body"
    for key, attempts in facts.attempts.items():
        taken = next(filter(decided, attempts), None)
        for attempt in attempts:
            if taken and decided(attempt) and attempt.body != taken.body:
                message = f"key {key} was decided for two bodies"
                return Violation(name, message, (taken, attempt))
            refused = isinstance(attempt.outcome, Fail) and attempt.outcome.problem == KEY_REUSED
            if refused and not any(other.body != attempt.body for other in attempts):
                return Violation(name, f"key {key} had one body and was refused", (attempt,))
            if refused and taken and attempt.body == taken.body:
                message = f"key {key} was decided and refused for one body"
                return Violation(name, message, (taken, attempt))
    return None


def answers_are_expected(facts: Facts) -> Violation | None:
    """Whatever fails behind a service, it answers as its contract says, or 503: never 500, and no
    refusal of a valid request."""
    name = "answers_are_expected"
    for operation in facts.history:
        outcome = operation.outcome
        if isinstance(outcome, Unknown) or outcome.status == _OVERLOADED:
            continue
        if outcome.status not in _STATUSES[operation.kind] or (
            isinstance(outcome, Fail) and not outcome.problem
        ):
            message = f"{operation.kind} was answered {outcome.status}"
            return Violation(name, message, (operation,))
        refused = operation.kind == "place" and outcome.status == 422
        if refused and isinstance(outcome, Fail) and outcome.problem != KEY_REUSED:
            return Violation(name, f"a valid order was refused: {outcome.problem}", (operation,))
    return None
