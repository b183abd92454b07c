"""What a job collected is read in order, bit by bit, whole or not at all."""

import pytest

from services.collector import results as module
from services.collector.database import Database
from services.collector.job_store import JobStore
from services.collector.jobs import Record
from services.collector.leases import Leases
from services.collector.results import Results
from services.collector.storage_errors import ResultsGoneError
from services.collector.tests.stored_jobs import claimed, let_pass, submitted


async def collected(database: Database, batches: list[list[Record]]) -> str:
    job_id = (await submitted(database)).job_id
    claim = await claimed(database, job_id)
    for number, batch in enumerate(batches):
        await Leases(database).store(claim, batch, [], {"batch": number})
    await Leases(database).succeed(claim)
    return job_id


def numbered(first: int, last: int) -> list[Record]:
    return [Record(f"r{n}", f'{{"n":{n},"é":"…"}}') for n in range(first, last)]


async def test_pages_have_every_record_in_the_order_of_collection(database: Database) -> None:
    # Backwards by id, and with some of them twice.
    records = numbered(0, 30)[::-1]
    job_id = await collected(database, [records[:13], records[9:20], records[15:]])
    await collected(database, [numbered(0, 5)])
    found: list[Record] = []
    after = 0
    while page := await Results(database).records(job_id, after, 7):
        assert len(page) <= 7
        found += [record for _, record in page]
        after = page[-1][0]
    assert records == found


async def test_the_lines_are_all_bodies(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = numbered(0, 30)
    job_id = await collected(database, [records[:20], records[:25], records[25:]])
    for part_records, part_bytes in ((2_000, 4_000_000), (7, 4_000_000), (2_000, 50), (1, 1)):
        monkeypatch.setattr(module, "PART_RECORDS", part_records)
        monkeypatch.setattr(module, "PART_BYTES", part_bytes)
        parts = [part async for part in Results(database).lines(job_id)]
        assert all(part.endswith(b"\n") for part in parts)
        lines = b"".join(parts).decode().split("\n")
        assert [*(record.body for record in records), ""] == lines


async def test_a_job_without_records_has_no_lines(database: Database) -> None:
    job_id = await collected(database, [])
    assert [] == [part async for part in Results(database).lines(job_id)]


async def test_a_part_of_the_lines_is_small_however_large_the_records(database: Database) -> None:
    large = [Record(f"r{n}", '{"x":"' + "é" * 450_000 + '"}') for n in range(40)]
    job_id = await collected(database, [large[n : n + 10] for n in range(0, 40, 10)])
    sizes = [len(part) async for part in Results(database).lines(job_id)]
    assert 40 * len(large[0].body.encode()) + 40 == sum(sizes)
    assert max(sizes) <= module.PART_BYTES + 1_000_000


async def test_a_slow_download_holds_no_connection(database: Database) -> None:
    job_id = await collected(database, [numbered(0, 10)])
    readers = [Results(database).lines(job_id) for _ in range(50)]
    for reader in readers:  # more than the pool has connections
        assert (await anext(reader)).startswith(b'{"n":0')
    assert 10 == len(await Results(database).records(job_id, 0, 10))


async def test_a_download_of_a_job_that_is_removed_meanwhile_is_no_short_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PART_RECORDS", 4)
    job_id = await collected(database, [numbered(0, 10)])
    await let_pass(database, 100)
    lines = Results(database).lines(job_id)
    await anext(lines)
    await JobStore(database).prune(50, 1)
    with pytest.raises(ResultsGoneError, match=job_id):
        await anext(lines)
