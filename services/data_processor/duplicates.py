"""Which records came before, by source and record_id."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Protocol

import numpy as np

from libs.service_kit import ProblemError
from services.data_processor.problems import TOO_MANY_RECORDS

_DIGEST_BYTES = 16
_LONGEST_RUN = 1_000_000
_DIGEST = np.dtype(f"S{_DIGEST_BYTES}")


class Seen(Protocol):
    """Remembers keys of records."""

    def firsts(self, keys: Sequence[str]) -> list[bool]:
        """Say of each key, in turn, whether it is the first of its kind; and remember them all."""


class SeenExactly:
    """Remembers the keys themselves: for what is in memory anyhow."""

    def __init__(self) -> None:
        self._keys: set[str] = set()

    def firsts(self, keys: Sequence[str]) -> list[bool]:
        """Say of each key whether it is the first of its kind."""
        known = self._keys
        if len(set(keys)) == len(keys) and known.isdisjoint(keys):
            known.update(keys)
            return [True] * len(keys)
        return [key not in known and not known.add(key) for key in keys]  # type: ignore[func-returns-value]


class SeenByDigest:
    """Remembers 16 bytes of each key, in sorted arrays: for files beyond memory.

    Two keys among ten million share a digest with a probability of about 10^-25.
    """

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._runs: list[np.ndarray[tuple[int], np.dtype[np.bytes_]]] = []

    def firsts(self, keys: Sequence[str]) -> list[bool]:
        """Say of each key whether it is the first. Raise ProblemError when there are too many."""
        if not keys:
            return []
        joined = b"".join(blake2b(key.encode(), digest_size=_DIGEST_BYTES).digest() for key in keys)
        digests = np.frombuffer(joined, dtype=_DIGEST)
        distinct, places = np.unique(digests, return_index=True)
        fresh = np.ones(len(distinct), dtype=bool)
        for run in self._runs:
            found = np.searchsorted(run, distinct)
            found[found == len(run)] = 0
            fresh &= run[found] != distinct
        first = np.zeros(len(digests), dtype=bool)
        first[places[fresh]] = True
        self._remember(distinct[fresh])
        answer: list[bool] = first.tolist()
        return answer

    def _remember(self, digests: np.ndarray[tuple[int], np.dtype[np.bytes_]]) -> None:
        if not len(digests):
            return
        if sum(map(len, self._runs)) + len(digests) > self._most:
            raise ProblemError(
                TOO_MANY_RECORDS,
                f"deduplicate remembers at most {self._most} distinct records; split the file",
                max_distinct_records=self._most,
            )
        # Runs shrink by half from one to the next, so there are few of them and few merges; the
        # largest grow no more, because a merge holds its runs twice.
        while self._runs:
            last = len(self._runs[-1])
            if last > 2 * len(digests) or last + len(digests) > _LONGEST_RUN:
                break
            digests = np.concatenate([self._runs.pop(), digests])
            digests.sort()
        self._runs.append(digests)
