"""What lies in an outbox, for tests."""

import json
from typing import Any

from libs.dynamo import PARTITIONS, Dynamo

_MORE_THAN_TESTS_WRITE = 1_000


async def waiting_events(dynamo: Dynamo, table: str) -> list[dict[str, Any]]:
    """Return the CloudEvents that wait to be published, those of one subject in order."""
    events = []
    for shard in PARTITIONS:
        page = await dynamo.query(
            table,
            condition="#shard = :shard",
            names={"#shard": "shard"},
            values={":shard": shard},
            limit=_MORE_THAN_TESTS_WRITE,
            consistent=True,
        )
        if page.last_key:
            raise AssertionError(f"shard {shard} has more than {_MORE_THAN_TESTS_WRITE} events")
        events += [json.loads(str(item["message"])) for item in page.items]
    return events
