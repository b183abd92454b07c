"""Serves an application as its own program does, and samples its CPU time on the way.

Usage: python -m tools.bench.orders.profiled MODULE:APP FILE

SIGUSR1 starts the sampler and SIGUSR2 stops it. The stacks are in FILE when the program ends.
"""

import signal
import sys
from pathlib import Path

from libs.service_kit.server import serve
from tools.bench.orders.sampler import Sampler


def main(app: str, output: Path) -> int:
    """Serve until told to stop; return the exit code."""
    sampler = Sampler()
    signal.signal(signal.SIGUSR1, lambda *_: sampler.start())
    signal.signal(signal.SIGUSR2, lambda *_: sampler.stop())
    code = serve(app, port=0)
    sampler.write(output)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
