"""A few partitions in place of one, for items that are found by going through all of them.

One partition of DynamoDB takes 1,000 writes a second, so such items are spread; over few, because
whoever looks for them reads each partition, however little is in it.
"""

from zlib import crc32

PARTITIONS = tuple(str(number) for number in range(8))


def partition_of(name: str) -> str:
    """Return the partition of what is called `name`, always the same one."""
    return PARTITIONS[crc32(name.encode()) % len(PARTITIONS)]
