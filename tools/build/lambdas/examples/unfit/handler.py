"""A function that ships what only its developers need, to test that this is found."""

import hypothesis
import pytest

from tools.build.lambdas.examples.unfit.tests import helpers


def handle(event: object, context: object) -> list[str]:
    """Name what should not be here."""
    return [hypothesis.__name__, pytest.__name__, helpers.__name__]
