"""A run: both variants at a fixed rate, then at full load."""

import os
from collections.abc import Callable
from pathlib import Path

from tools.bench.orders.fixed_rate import measure_fixed_rate
from tools.bench.orders.full_load import measure_full_load
from tools.bench.orders.processes import apart
from tools.bench.orders.run import Measured, Options


async def measure(options: Options, *, folder: Path, say: Callable[[str], None]) -> Measured:
    """Run both parts. The second is left out when the first one finds that something is wrong.

    `folder` takes the services' logs. Raise BenchmarkError when a service does not start.
    """
    # For libs.dynamo; DynamoDB Local does not check them.
    os.environ.update({"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"})
    measured = Measured()
    allowed = os.sched_getaffinity(0)
    cpus, others = apart()
    os.sched_setaffinity(0, others)  # and so for both databases, which inherit it
    try:
        await measure_fixed_rate(options, measured, folder=folder, cpus=cpus, say=say)
        if not measured.problems:
            await measure_full_load(options, measured, folder=folder, cpus=cpus, say=say)
    finally:
        os.sched_setaffinity(0, allowed)
    return measured
