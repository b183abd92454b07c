"""Which of its two versions of pandas a target has, and what is then expected."""

import pandas as pd

TWO = pd.__version__.partition(".")[0] == "2"


def by_version[T](*, two: T, three: T) -> T:
    """Return what is expected of the version that this target has."""
    return two if TWO else three
