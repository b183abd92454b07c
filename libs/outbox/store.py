"""The outbox table as the relay reads and empties it."""

import asyncio
import itertools
from collections.abc import Mapping, Sequence

from libs.dynamo import Dynamo
from libs.outbox.planning import Place
from libs.outbox.table import Waiting, key_of

_PAGE = 100
# Each is one call of BatchWriteItem; a few at once keep up with the queue.
_REMOVED_TOGETHER = 25
_REMOVALS_AT_ONCE = 4


class OutboxStore:
    """The events of one outbox table."""

    def __init__(self, dynamo: Dynamo, *, table: str) -> None:
        self._dynamo = dynamo
        self._table = table

    async def read(
        self, starts: Mapping[str, Mapping[str, str] | None]
    ) -> tuple[list[Waiting], dict[str, Mapping[str, str] | None]]:
        """Return the next page of each shard, and where those go on that have more."""
        pages = await asyncio.gather(
            *(
                self._dynamo.query(
                    self._table,
                    condition="#shard = :shard",
                    names={"#shard": "shard"},
                    values={":shard": shard},
                    limit=_PAGE,
                    start=start,
                    consistent=True,
                )
                for shard, start in starts.items()
            )
        )
        events = [Waiting.from_item(item) for page in pages for item in page.items]
        following = {
            shard: page.last_key for shard, page in zip(starts, pages, strict=True) if page.last_key
        }
        return events, dict(following)

    async def find(self, places: Sequence[Place]) -> list[Waiting]:
        """Return those of the events that there are, as the last finished writes left them."""
        keys = [key_of(subject, sequence) for subject, sequence in places]
        return [Waiting.from_item(item) for item in await self._dynamo.batch_get(self._table, keys)]

    async def remove(self, events: Sequence[Waiting]) -> None:
        """Delete events; after an error some may be left."""
        keys = [event.key for event in events]
        batches = itertools.batched(keys, _REMOVED_TOGETHER, strict=False)

        async def work() -> None:
            for batch in batches:
                await self._dynamo.delete_all(self._table, batch)

        workers = min(_REMOVALS_AT_ONCE, -(-len(events) // _REMOVED_TOGETHER))
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(work())
