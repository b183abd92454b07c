"""The circuit breaker against a model of it, with calls that overlap and a clock of its own."""

import asyncio
import contextlib
from contextlib import AbstractContextManager

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule
from prometheus_client import CollectorRegistry

from libs.service_kit import CircuitBreaker, CircuitOpenError
from libs.service_kit.circuit import Attempt

FAILURES = 3
RESET_SECONDS = 2.0
STATES = ("closed", "open", "half-open")


class OutageError(Exception):
    """What a call of the dependency raises."""


type Call = AbstractContextManager[Attempt]


class Circuits(RuleBasedStateMachine):
    """Calls begin, overlap and end in any order while time goes on."""

    calls = Bundle("calls")

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.registry = CollectorRegistry()
        self.circuit = CircuitBreaker(
            "it",
            registry=self.registry,
            failures=FAILURES,
            reset_seconds=RESET_SECONDS,
            clock=lambda: self.now,
        )
        # The model.
        self.in_a_row = 0
        self.opened_at: float | None = None
        self.trial: Call | None = None

    @property
    def expected(self) -> str:
        if self.opened_at is None:
            return "closed"
        waited = self.now - self.opened_at >= RESET_SECONDS
        return "half-open" if waited and self.trial is None else "open"

    @rule(target=calls)
    def begin(self) -> object:
        expected = self.expected
        call = self.circuit.attempt()
        if expected == "open":
            with pytest.raises(CircuitOpenError) as refusal:
                call.__enter__()
            assert self.opened_at is not None
            left = self.opened_at + RESET_SECONDS - self.now
            assert refusal.value.seconds == max(0.0, left)
            return None
        attempt = call.__enter__()
        if expected == "half-open":
            self.trial = call
        return (call, attempt)

    @rule(begun=consumes(calls))
    def succeed(self, begun: tuple[Call, Attempt] | None) -> None:
        if begun:
            begun[0].__exit__(None, None, None)
            self.in_a_row = 0
            self.opened_at = self.trial = None

    @rule(begun=consumes(calls), quietly=st.booleans())
    def fail(self, begun: tuple[Call, Attempt] | None, quietly: bool) -> None:
        if not begun:
            return
        call, attempt = begun
        if quietly:
            attempt.fail()
            call.__exit__(None, None, None)
        else:
            with contextlib.suppress(OutageError):
                call.__exit__(OutageError, OutageError(), None)
        if call is self.trial:
            self.trial = None
            self.opened_at = self.now
        elif self.opened_at is None:
            self.in_a_row += 1
            if self.in_a_row == FAILURES:
                self.opened_at = self.now

    @rule(begun=consumes(calls))
    def cancel(self, begun: tuple[Call, Attempt] | None) -> None:
        if begun:
            with contextlib.suppress(asyncio.CancelledError):
                begun[0].__exit__(asyncio.CancelledError, asyncio.CancelledError(), None)
            if begun[0] is self.trial:
                self.trial = None

    @rule(seconds=st.sampled_from([0.5, RESET_SECONDS, 10.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def it_is_as_the_model_has_it(self) -> None:
        assert self.expected == self.circuit.state

    @invariant()
    def the_metric_says_whether_calls_go_through(self) -> None:
        shown = [
            state
            for state in STATES
            if self.registry.get_sample_value(
                "circuit_state", {"name": "it", "circuit_state": state}
            )
        ]
        assert 1 == len(shown)
        assert (self.opened_at is None) == (shown == ["closed"])


Circuits.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestCircuits = Circuits.TestCase


def test_two_circuits_share_a_registry() -> None:
    registry = CollectorRegistry()
    first = CircuitBreaker("first", registry=registry, failures=1)
    second = CircuitBreaker("second", registry=registry, failures=1)
    with first.attempt() as attempt:
        attempt.fail()
    assert ("open", "closed") == (first.state, second.state)
    with pytest.raises(CircuitOpenError, match="first keeps failing"), first.attempt():
        raise AssertionError
