"""A zip's size against Lambda's limits and its own budget. A MB is 10^6 bytes."""

from collections.abc import Iterator

from tools.build.lambdas.checks.archive import Archive

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: layers included. Lambda's
# MB is 2^20 bytes, so this is on the safe side.
UNPACKED_LIMIT_MB = 250
# What the API takes directly; larger zips go by S3.
UPLOAD_LIMIT_MB = 50


def size(archive: Archive, budget_mb: int, zipped_budget_kb: int | None) -> Iterator[str]:
    """Each limit that is passed."""
    unpacked = archive.unzipped_bytes / 1e6
    if unpacked > UNPACKED_LIMIT_MB:
        yield f"{unpacked:.1f} MB unpacked, Lambda's limit is {UNPACKED_LIMIT_MB} MB"
    if unpacked > budget_mb:
        largest = sorted(archive.files, key=lambda entry: -entry.file_size)[:3]
        names = ", ".join(f"{entry.filename} {entry.file_size / 1e6:.1f}" for entry in largest)
        yield f"{unpacked:.1f} MB unpacked, the budget is {budget_mb} MB; the largest: {names}"
    zipped = archive.zipped_bytes / 1e3
    if zipped_budget_kb is not None and zipped > zipped_budget_kb:
        yield f"{zipped:.1f} kB zipped, the budget is {zipped_budget_kb} kB"
