"""Batches of more keys than one call takes, against DynamoDB Local; leftovers are scripted in
test_retries.py."""

import asyncio

from libs.dynamo import Dynamo, Put


async def fill(dynamo: Dynamo, table: str, count: int) -> list[dict[str, str]]:
    keys = [{"pk": f"{number:03}"} for number in range(count)]
    for start in range(0, count, 50):
        writes = (dynamo.put(Put(table=table, item={**key})) for key in keys[start : start + 50])
        await asyncio.gather(*writes)
    return keys


async def test_many_keys_are_read_and_then_deleted(things: tuple[Dynamo, str]) -> None:
    dynamo, table = things
    keys = await fill(dynamo, table, 130)
    missing = {"pk": "missing"}
    found = await dynamo.batch_get(table, [*keys, missing, *keys])
    assert sorted(keys, key=lambda key: key["pk"]) == sorted(
        found, key=lambda item: str(item["pk"])
    )
    await dynamo.delete_all(table, [*keys[1:], missing, *keys[1:]])
    assert await dynamo.batch_get(table, keys) == keys[:1]


async def test_no_keys_make_no_call() -> None:
    dynamo = Dynamo.__new__(Dynamo)  # without a connection
    assert await dynamo.batch_get("things", []) == []
    await dynamo.delete_all("things", [])


async def test_items_that_exceed_one_answer_all_come(things: tuple[Dynamo, str]) -> None:
    dynamo, table = things
    big = "x" * 390_000
    keys = [{"pk": str(number)} for number in range(45)]  # 17.5 MB; an answer has at most 16
    for key in keys:
        await dynamo.put(Put(table=table, item={**key, "big": big}))
    found = await dynamo.batch_get(table, keys)
    assert {key["pk"] for key in keys} == {item["pk"] for item in found}
