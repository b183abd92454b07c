"""The right to relay: one process at a time holds it, so that no other sends the same events.

It is an item of the outbox table, with a holder and a turn that every renewal raises. Clocks of
different machines are never compared: another process takes the lease over when it has seen the
same turn for the lease's whole length by its own clock, and the holder stops some time before that
by its own. The length begins before the request that writes it, so that it ends no later for the
holder than for whoever sees the result.
"""

import secrets
from collections.abc import Callable, Mapping

from libs.dynamo import ConditionFailedError, Delete, Dynamo, Put

KEY = {"shard": "lease", "position": "lease"}
_FREE = "attribute_not_exists(holder)"
_MINE = "holder = :me"
_UNCHANGED = "holder = :holder AND turn = :turn"


class LeaseLostError(Exception):
    """Another process holds the lease."""


class Lease:
    """One process's side of the lease of a table.

    Moments are those of `clock`, which nothing sets back; lengths are in seconds.
    """

    def __init__(
        self,
        dynamo: Dynamo,
        *,
        table: str,
        seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self._dynamo = dynamo
        self._table = table
        self._seconds = seconds
        self._clock = clock
        self._me = secrets.token_hex(8)
        self._turn = 0
        self._seen: tuple[object, object] | None = None
        self._seen_at = 0.0

    async def take(self) -> float | None:
        """Return when the lease ends by this process's clock, or None while another has it."""
        started = self._clock()
        item = await self._dynamo.get(self._table, KEY)
        if item is None:
            return await self._write(_FREE, {}, started)
        if item["holder"] == self._me:  # by a write whose answer was lost
            return await self._write(_MINE, {":me": self._me}, started)
        if self._seen != (item["holder"], item["turn"]):
            self._seen = (item["holder"], item["turn"])
            self._seen_at = self._clock()
            return None
        if self._clock() - self._seen_at < int(str(item["milliseconds"])) / 1000:
            return None
        return await self._write(
            _UNCHANGED, {":holder": item["holder"], ":turn": item["turn"]}, started
        )

    async def renew(self) -> float:
        """Return when the lease ends now. Raise LeaseLostError when another has it."""
        end = await self._write(_MINE, {":me": self._me}, self._clock())
        if end is None:
            raise LeaseLostError
        return end

    async def give_back(self) -> None:
        """Let another process have the lease at once; nothing happens when another has it."""
        try:
            await self._dynamo.delete(
                Delete(table=self._table, key=KEY, condition=_MINE, values={":me": self._me})
            )
        except ConditionFailedError:
            return

    async def _write(
        self, condition: str, values: Mapping[str, object], started: float
    ) -> float | None:
        self._turn += 1
        item = {
            **KEY,
            "holder": self._me,
            "turn": self._turn,
            "milliseconds": int(self._seconds * 1000),
        }
        try:
            await self._dynamo.put(
                Put(table=self._table, item=item, condition=condition, values=values)
            )
        except ConditionFailedError as exc:
            # The write may be this very one, repeated after a lost answer.
            if exc.item is None or exc.item["holder"] != self._me:
                return None
        return started + self._seconds
