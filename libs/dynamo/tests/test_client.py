"""The client and table creation against DynamoDB Local."""

import asyncio
import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import HttpUrl

from libs.dynamo import (
    ConditionFailedError,
    Delete,
    Dynamo,
    DynamoSettings,
    Put,
    RequestRefusedError,
    TableMismatchError,
    TableMissingError,
    TableSpec,
    TransactionCancelledError,
    Update,
    connect,
    create_tables,
)


async def test_items_come_back_as_they_were_put(things: tuple[Dynamo, str]) -> None:
    dynamo, table = things
    item = {"pk": "1", "owner": "ann", "n": 10**20, "ok": True, "lines": [{"a": None}]}
    await dynamo.put(Put(table=table, item=item))
    assert item == await dynamo.get(table, {"pk": "1"})
    assert await dynamo.get(table, {"pk": "2"}) is None


async def test_a_failed_condition_tells_the_item_that_stands(things: tuple[Dynamo, str]) -> None:
    dynamo, table = things
    first = Put(table=table, item={"pk": "1", "n": 1}, condition="attribute_not_exists(pk)")
    await dynamo.put(first)
    with pytest.raises(ConditionFailedError) as caught:
        await dynamo.put(first)
    assert caught.value.item == {"pk": "1", "n": 1}
    missing = Update(
        table=table, key={"pk": "2"}, update="SET n = :n", condition="n = :n", values={":n": 1}
    )
    with pytest.raises(ConditionFailedError) as caught:
        await dynamo.update(missing)
    assert caught.value.item is None


async def test_a_cancelled_transaction_says_which_action_is_to_blame(
    things: tuple[Dynamo, str],
) -> None:
    dynamo, table = things
    await dynamo.put(Put(table=table, item={"pk": "1", "n": 1}))
    actions: list[Put | Update] = [
        Put(table=table, item={"pk": "2"}),
        Update(
            table=table,
            key={"pk": "1"},
            update="SET n = n - :two",
            condition="n >= :two",
            values={":two": 2},
        ),
    ]
    with pytest.raises(TransactionCancelledError, match="ConditionalCheckFailed") as caught:
        await dynamo.transact(actions)
    blamed = caught.value.failed_condition(1)
    assert blamed
    assert blamed.item == {"pk": "1", "n": 1}
    assert caught.value.failed_condition(0) is None
    assert await dynamo.get(table, {"pk": "2"}) is None


async def test_a_transaction_repeated_after_its_answer_was_lost_is_the_same_success(
    things: tuple[Dynamo, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    dynamo, table = things
    await dynamo.put(Put(table=table, item={"pk": "stock", "n": 5}))
    call = dynamo.call

    async def lose_the_first_answer(operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        await call(operation, request)
        return await call(operation, request)

    monkeypatch.setattr(dynamo, "call", lose_the_first_answer)
    await dynamo.transact(
        [
            Put(table=table, item={"pk": "order"}, condition="attribute_not_exists(pk)"),
            Update(table=table, key={"pk": "stock"}, update="SET n = n - :1", values={":1": 1}),
        ]
    )
    assert await dynamo.get(table, {"pk": "stock"}) == {"pk": "stock", "n": 4}


async def test_the_same_transaction_asked_for_twice_is_done_twice(
    things: tuple[Dynamo, str],
) -> None:
    dynamo, table = things
    add = Update(table=table, key={"pk": "1"}, update="ADD n :1", values={":1": 1})
    await dynamo.transact([add])
    await dynamo.transact([add])
    assert await dynamo.get(table, {"pk": "1"}) == {"pk": "1", "n": 2}


async def test_deletes_obey_their_condition_alone_and_in_a_transaction(
    things: tuple[Dynamo, str],
) -> None:
    dynamo, table = things
    await dynamo.put(Put(table=table, item={"pk": "1", "owner": "ann"}))
    await dynamo.put(Put(table=table, item={"pk": "2"}))

    def delete(owner: str) -> Delete:
        return Delete(
            table=table,
            key={"pk": "1"},
            condition="#owner = :owner",
            names={"#owner": "owner"},
            values={":owner": owner},
        )

    with pytest.raises(ConditionFailedError) as caught:
        await dynamo.delete(delete("bob"))
    assert caught.value.item == {"pk": "1", "owner": "ann"}
    with pytest.raises(TransactionCancelledError) as cancelled:
        await dynamo.transact([Delete(table=table, key={"pk": "2"}), delete("bob")])
    assert cancelled.value.failed_condition(1)
    assert await dynamo.get(table, {"pk": "2"}) == {"pk": "2"}
    await dynamo.transact([Delete(table=table, key={"pk": "2"}), delete("ann")])
    assert await dynamo.batch_get(table, [{"pk": "1"}, {"pk": "2"}]) == []
    await dynamo.delete(Delete(table=table, key={"pk": "1"}))


async def test_a_consistent_query_reads_the_table_and_not_an_index(
    things: tuple[Dynamo, str],
) -> None:
    dynamo, table = things
    await dynamo.put(Put(table=table, item={"pk": "1", "owner": "ann"}))
    page = await dynamo.query(
        table, condition="pk = :pk", values={":pk": "1"}, limit=1, consistent=True
    )
    assert page.items == [{"pk": "1", "owner": "ann"}]
    with pytest.raises(RequestRefusedError, match=r"[Cc]onsistent"):
        await dynamo.query(
            table,
            index="by_owner",
            condition="#owner = :owner",
            names={"#owner": "owner"},
            values={":owner": "ann"},
            limit=1,
            consistent=True,
        )


async def test_pages_of_an_index_follow_each_other(things: tuple[Dynamo, str]) -> None:
    dynamo, table = things
    for number in range(5):
        await dynamo.put(Put(table=table, item={"pk": str(number), "owner": "ann"}))
    await dynamo.put(Put(table=table, item={"pk": "9", "owner": "bob"}))
    seen: list[object] = []
    start: dict[str, str] | None = None
    while True:
        page = await dynamo.query(
            table,
            index="by_owner",
            condition="#owner = :owner",
            names={"#owner": "owner"},
            values={":owner": "ann"},
            limit=2,
            descending=True,
            start=start,
        )
        seen += [item["pk"] for item in page.items]
        start = page.last_key
        if start is None:
            break
    assert seen == ["4", "3", "2", "1", "0"]


async def test_creating_tables_again_and_at_once_changes_nothing(
    things: tuple[Dynamo, str], spec: TableSpec
) -> None:
    dynamo, table = things
    await dynamo.put(Put(table=table, item={"pk": "1"}))
    await asyncio.gather(*(create_tables(dynamo, {table: spec}) for _ in range(3)))
    assert await dynamo.get(table, {"pk": "1"}) == {"pk": "1"}
    answer = await dynamo.call("DescribeTimeToLive", {"TableName": table})
    assert answer["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"


async def test_a_table_with_other_keys_is_refused(things: tuple[Dynamo, str]) -> None:
    dynamo, table = things
    with pytest.raises(ExceptionGroup) as caught:
        await create_tables(dynamo, {table: TableSpec(partition_key="other")})
    assert caught.group_contains(TableMismatchError, match="exists with other keys")


async def _stream(dynamo: Dynamo, table: str) -> dict[str, Any]:
    answer = await dynamo.call("DescribeTable", {"TableName": table})
    specification: dict[str, Any] = answer["Table"].get("StreamSpecification", {})
    return specification


async def test_a_table_gets_the_stream_that_its_spec_asks_for(things: tuple[Dynamo, str]) -> None:
    dynamo, table = things
    streamed = TableSpec(partition_key="pk", stream="NEW_AND_OLD_IMAGES")
    await create_tables(dynamo, {f"{table}-streamed": streamed})
    expected = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert expected == await _stream(dynamo, f"{table}-streamed")
    assert {} == await _stream(dynamo, table)


async def test_an_existing_table_gets_a_stream_and_keeps_its_items(
    things: tuple[Dynamo, str], spec: TableSpec
) -> None:
    dynamo, table = things
    await dynamo.put(Put(table=table, item={"pk": "1"}))
    streamed = dataclasses.replace(spec, stream="NEW_AND_OLD_IMAGES")
    await asyncio.gather(*(create_tables(dynamo, {table: streamed}) for _ in range(3)))
    assert (await _stream(dynamo, table))["StreamEnabled"]
    assert await dynamo.get(table, {"pk": "1"}) == {"pk": "1"}
    # Whoever asks for no stream leaves it as it is.
    await create_tables(dynamo, {table: spec})
    assert (await _stream(dynamo, table))["StreamEnabled"]


async def test_a_table_with_another_stream_is_refused(
    things: tuple[Dynamo, str], spec: TableSpec
) -> None:
    dynamo, table = things
    keys_only = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    await dynamo.call("UpdateTable", {"TableName": table, "StreamSpecification": keys_only})
    with pytest.raises(ExceptionGroup) as caught:
        await create_tables(dynamo, {table: dataclasses.replace(spec, stream="NEW_AND_OLD_IMAGES")})
    assert caught.group_contains(TableMismatchError, match="a stream of KEYS_ONLY")


async def test_a_missing_table_and_a_bad_request_are_told_apart(dynamodb: str) -> None:
    async with connect(DynamoSettings(dynamodb_endpoint=HttpUrl(dynamodb))) as dynamo:
        with pytest.raises(TableMissingError):
            await dynamo.get("missing", {"pk": "1"})
        with pytest.raises(RequestRefusedError, match="ValidationException"):
            await dynamo.get("x", {"pk": "1"})
